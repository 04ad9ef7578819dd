// A certified OpenID Connect provider on the loopback interface: node provider.mjs PORT REDIRECT_URI
// Whoever comes is signed in as the account that their request names in the header X-Account, without being asked.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "atrium",
      client_secret: "a secret/with+signs%",
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "one" }] },
  cookies: { keys: ["test"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  claims: { profile: ["preferred_username"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id.split("|")[1] ?? id }),
  }),
});

async function interact(request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  const account = request.headers["x-account"];
  if (account === undefined) {
    return provider.interactionFinished(request, response, { error: "access_denied" });
  }
  const grant = new provider.Grant({ accountId: account, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = prompt.name === "login" ? { login: { accountId: account, remember: false } } : {};
  return provider.interactionFinished(request, response, { ...result, consent: { grantId: await grant.save() } });
}

const answer = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith("/interaction/")) interact(request, response).catch((error) => response.end(String(error)));
  else answer(request, response);
}).listen(Number(port), "127.0.0.1", () => console.log("listening"));
