import { useState } from "react";
import { Button } from "react-aria-components";
import type { Session } from "../api";
import { changePassword } from "../api/accounts";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";

/** Sets or changes your password. */
export function Password({ session }: { session: Session }) {
  const [asking, setAsking] = useState(false);
  const has = session.has_password;
  return (
    <section className="section" aria-labelledby="password-title">
      <div className="section-head">
        <h2 id="password-title">Password</h2>
        <Button className="button" onPress={() => setAsking(true)}>
          {has ? "Change it" : "Set a password"}
        </Button>
      </div>
      <p className="mute">
        {has
          ? "You can sign in with your name and your password."
          : "You have none yet. With one you can sign in from any device."}
      </p>
      {asking && <PasswordDialog session={session} onClose={() => setAsking(false)} />}
    </section>
  );
}

function PasswordDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const has = session.has_password;
  const differs = again !== "" && next !== again;

  async function change() {
    await changePassword(has ? current : null, next);
    await queryClient.invalidateQueries({ queryKey: ["session"] });
    await queryClient.invalidateQueries({ queryKey: ["tokens"] });
    toast("The password is changed. Your other browsers are signed out.");
  }

  return (
    <FormDialog
      title={has ? "Change the password" : "Set a password"}
      submit="Save"
      onClose={onClose}
      onSubmit={change}
      isDisabled={next === "" || next !== again || (has && current === "")}
    >
      {/* Password managers file the new one under this name. */}
      <input type="hidden" name="username" autoComplete="username" value={session.user.name} />
      {has && (
        <Field
          label="Present password"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          autoFocus
        />
      )}
      <Field
        label="New password"
        type="password"
        autoComplete="new-password"
        value={next}
        onChange={setNext}
        autoFocus={!has}
      />
      <Field
        label="New password again"
        type="password"
        autoComplete="new-password"
        value={again}
        onChange={setAgain}
        problem={differs ? "The two differ." : null}
      />
    </FormDialog>
  );
}
