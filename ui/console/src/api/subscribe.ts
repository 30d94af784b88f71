import type { Client } from "graphql-ws";
import { serviceUrl } from "./client";

let client: Promise<Client> | undefined;

function connect(): Promise<Client> {
  client ??= import("graphql-ws").then(({ createClient }) =>
    createClient({ url: serviceUrl("graphql").replace(/^http/, "ws"), lazy: true, retryAttempts: 2 }),
  );
  return client;
}

/** Follows a subscription until the returned function is called; `onEnd` tells whether it broke. */
export function subscribe<T extends Record<string, unknown>>(
  query: string,
  variables: Record<string, unknown>,
  onData: (data: T) => void,
  onEnd: (broken: boolean) => void,
): () => void {
  let stopped = false;
  let dispose: (() => void) | undefined;
  connect().then(
    (socket) => {
      if (stopped) return;
      dispose = socket.subscribe<T>(
        { query, variables },
        {
          next: (message) => (message.errors ? onEnd(true) : message.data && onData(message.data)),
          error: () => !stopped && onEnd(true),
          complete: () => !stopped && onEnd(false),
        },
      );
    },
    () => onEnd(true),
  );
  return () => {
    stopped = true;
    dispose?.();
  };
}
