import type { Client } from "graphql-ws";
import { ApiError, fromGraphQL, type GraphQLError, serviceUrl } from "./client";

let client: Promise<Client> | undefined;

function connect(): Promise<Client> {
  client ??= import("graphql-ws").then(({ createClient }) =>
    createClient({ url: serviceUrl("graphql").replace(/^http/, "ws"), lazy: true, retryAttempts: 2 }),
  );
  return client;
}

const broken = (): ApiError =>
  new ApiError(
    "The connection to the service broke.",
    "unreachable",
    "Check that it is running, then try again.",
    true,
  );

/** What the service said, or that nothing came back. */
function errorOf(failure: unknown): ApiError {
  const [first] = Array.isArray(failure) ? (failure as GraphQLError[]) : [];
  return first ? fromGraphQL(first) : broken();
}

/** Follows a subscription until the returned function is called; `onEnd` is told why it ended early. */
export function subscribe<T extends Record<string, unknown>>(
  query: string,
  variables: Record<string, unknown>,
  onData: (data: T) => void,
  onEnd: (failure?: ApiError) => void,
): () => void {
  let stopped = false;
  let dispose: (() => void) | undefined;
  connect().then(
    (socket) => {
      if (stopped) return;
      dispose = socket.subscribe<T>(
        { query, variables },
        {
          next: (message) => (message.errors ? onEnd(errorOf(message.errors)) : message.data && onData(message.data)),
          error: (failure) => !stopped && onEnd(errorOf(failure)),
          complete: () => !stopped && onEnd(),
        },
      );
    },
    () => onEnd(broken()),
  );
  return () => {
    stopped = true;
    dispose?.();
  };
}
