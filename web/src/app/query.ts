import { MutationCache, QueryClient, useQuery } from "@tanstack/react-query";
import * as api from "../api";
import { recall, remember } from "./storage";
import { toastError } from "./toasts";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => error instanceof api.Unreachable && failures < 2,
      staleTime: 10_000,
      // The browser's idea of being online is wrong for a server on this machine.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (mutation.meta?.ownError !== true) toastError(error);
    },
  }),
});

/** Keeps the last answer on this device, and gives it when the server cannot be reached. */
export async function orRemembered<T>(key: string, ask: () => Promise<T>): Promise<T> {
  try {
    const answer = await ask();
    remember(key, answer);
    return answer;
  } catch (error) {
    const remembered = error instanceof api.Unreachable ? recall<T>(key) : null;
    if (remembered === null) throw error;
    return remembered;
  }
}

export const useSession = () =>
  useQuery({
    queryKey: ["session"],
    queryFn: () => orRemembered("session", api.getSession),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const useProjects = () => useQuery({ queryKey: ["projects"], queryFn: api.listProjects });

export const useProject = (slug: string) =>
  useQuery({
    queryKey: ["project", slug],
    queryFn: () => orRemembered(`project/${slug}`, () => api.getProject(slug)),
    staleTime: Number.POSITIVE_INFINITY,
  });
