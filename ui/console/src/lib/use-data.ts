import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, graphqlAnswer } from "../api/client";
import type { Behind } from "./behind";

export interface Loaded<T> {
  data: T | undefined;
  /** What the data leaves out. */
  behind: Behind | undefined;
  error: ApiError | undefined;
  loading: boolean;
  reload: () => Promise<void>;
}

export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(error instanceof Error ? error.message : String(error));
}

/**
 * Asks a GraphQL query whenever it or its variables change. The last answer stays while a new one loads, except
 * when the variables changed. `query` null asks nothing.
 */
export function useData<T>(query: string | null, variables: Record<string, unknown> = {}): Loaded<T> {
  const key = query === null ? null : JSON.stringify([query, variables]);
  const [state, setState] = useState<{
    key: string | null;
    data?: T;
    behind?: Behind | undefined;
    error?: ApiError;
    loading: boolean;
  }>({
    key,
    loading: key !== null,
  });
  const current = useRef<AbortController | undefined>(undefined);

  const load = useCallback(async () => {
    current.current?.abort();
    if (key === null) return;
    const controller = new AbortController();
    current.current = controller;
    setState((before) => (before.key === key ? { ...before, loading: true } : { key, loading: true }));
    try {
      const [text, values] = JSON.parse(key) as [string, Record<string, unknown>];
      const { data, behind } = await graphqlAnswer<T>(text, values, controller.signal);
      if (!controller.signal.aborted) setState({ key, data, behind, loading: false });
    } catch (error) {
      if (!controller.signal.aborted)
        setState((before) => ({
          key,
          ...(before.key === key && before.data ? { data: before.data, behind: before.behind } : {}),
          error: toApiError(error),
          loading: false,
        }));
    }
  }, [key]);

  useEffect(() => {
    void load();
    return () => current.current?.abort();
  }, [load]);

  const fresh = state.key === key;
  return {
    data: fresh ? state.data : undefined,
    behind: fresh ? state.behind : undefined,
    error: fresh ? state.error : undefined,
    loading: fresh ? state.loading : key !== null,
    reload: load,
  };
}

export interface Action<A extends unknown[], R> {
  run: (...args: A) => Promise<R | undefined>;
  busy: boolean;
  error: ApiError | undefined;
  clear: () => void;
}

/** A call that a person starts: busy while it runs, its error kept for showing. A failed run resolves to undefined. */
export function useAction<A extends unknown[], R>(call: (...args: A) => Promise<R>): Action<A, R> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | undefined>();
  const latest = useRef(call);
  latest.current = call;
  const run = useCallback(async (...args: A) => {
    setBusy(true);
    setError(undefined);
    try {
      return await latest.current(...args);
    } catch (failure) {
      setError(toApiError(failure));
      return undefined;
    } finally {
      setBusy(false);
    }
  }, []);
  const clear = useCallback(() => setError(undefined), []);
  return { run, busy, error, clear };
}
