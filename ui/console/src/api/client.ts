import { type Behind, behindExtension } from "../lib/behind";
import type { User } from "./types";

/** Where the service is: the console may be served below a path, and routes live behind the #. */
export const serviceUrl = (path: string): string => new URL(path, document.baseURI).toString();

/** What went wrong, in the service's own words, and what to do about it. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string = "error",
    readonly remedy: string = "",
    readonly retryable: boolean = false,
    readonly locations: { line: number; column: number }[] = [],
  ) {
    super(message);
    this.name = "ApiError";
  }
}

interface ErrorShape {
  code?: string;
  message?: string;
  remedy?: string;
  retryable?: boolean;
}

export interface GraphQLError {
  message: string;
  locations?: { line: number; column: number }[];
  extensions?: ErrorShape;
}

interface GraphQLReply<T> {
  data?: T | null;
  errors?: GraphQLError[];
  extensions?: { behind?: Record<string, Behind> };
}

type Listener = () => void;
const signedOutListeners = new Set<Listener>();

/** Calls `listener` whenever the service says that the session has ended. Returns the way to stop. */
export function onSignedOut(listener: Listener): Listener {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

/** fetch() with the session cookie, the header against cross-site requests, and all failures as ApiError. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("X-Bifrost", "1");
  let response: Response;
  try {
    response = await fetch(serviceUrl(path), { credentials: "same-origin", ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(
      "The Bifrost service does not answer.",
      "unreachable",
      "Check that it is running, then try again.",
      true,
    );
  }
  if (response.status === 401 && path !== "api/session") signedOutListeners.forEach((listener) => listener());
  return response;
}

/** Turns a reply that is not 2xx into an ApiError. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (body && typeof body === "object") {
      const { error, errors } = body as { error?: ErrorShape; errors?: GraphQLError[] };
      if (errors?.[0]) return fromGraphQL(errors[0]);
      // The Gremlin endpoint puts the same fields where Gremlin clients look for them.
      const shape = error ?? (body as ErrorShape);
      if (shape.message) return fromShape(shape);
    }
  } catch {
    // Not JSON: the status line says enough.
  }
  return new ApiError(
    `The service answered ${response.status} ${response.statusText}.`,
    `http_${response.status}`,
    "See the service's log.",
  );
}

/** Parsers say in words where they stopped. */
function locationIn(message: string): { line: number; column: number }[] {
  const [, line, column] = /line (\d+), column (\d+)/.exec(message) ?? [];
  return line && column ? [{ line: Number(line), column: Number(column) }] : [];
}

function fromShape(shape: ErrorShape): ApiError {
  const message = shape.message ?? "Unknown error";
  return new ApiError(message, shape.code, shape.remedy, shape.retryable, locationIn(message));
}

export function fromGraphQL(error: GraphQLError): ApiError {
  const extensions = error.extensions ?? {};
  return new ApiError(error.message, extensions.code, extensions.remedy, extensions.retryable);
}

/** Asks the service; any GraphQL error fails the whole call. */
export async function graphql<T>(query: string, variables: object = {}, signal?: AbortSignal): Promise<T> {
  return (await graphqlAnswer<T>(query, variables, signal)).data;
}

/** The same, with what the answer leaves out. */
export async function graphqlAnswer<T>(
  query: string,
  variables: object = {},
  signal?: AbortSignal,
): Promise<{ data: T; behind: Behind | undefined }> {
  const response = await request("graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query, variables }),
    signal: signal ?? null,
  });
  if (!response.ok) throw await errorOf(response);
  const reply = (await response.json()) as GraphQLReply<T>;
  if (reply.errors?.[0]) throw fromGraphQL(reply.errors[0]);
  if (!reply.data) throw new ApiError("The service sent an empty answer.");
  return { data: reply.data, behind: behindExtension(reply.extensions) };
}

export async function currentUser(): Promise<User | null> {
  const response = await request("api/session");
  if (response.status === 401) {
    // An answer that nobody reads keeps its connection busy.
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) throw await errorOf(response);
  return ((await response.json()) as { user: User | null }).user;
}

export async function signIn(username: string, password: string): Promise<User> {
  const response = await request("api/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  if (!response.ok) throw await errorOf(response);
  return ((await response.json()) as { user: User }).user;
}

export async function signOut(): Promise<void> {
  const response = await request("api/session", { method: "DELETE" });
  await response.body?.cancel();
  signedOutListeners.forEach((listener) => listener());
}

export interface Upload {
  path: string;
  files: number;
  bytes: number;
}

/** Sends files to the service, keeping the paths inside a dropped folder. `onProgress` gets a share in [0, 1]. */
export function upload(files: { file: File; path: string }[], onProgress: (share: number) => void): Promise<Upload> {
  const form = new FormData();
  for (const { file, path } of files) form.append("files", file, path);
  return new Promise((resolve, reject) => {
    // fetch() cannot report how much of an upload has gone out.
    const xhr = new XMLHttpRequest();
    xhr.open("POST", serviceUrl("api/uploads"));
    xhr.setRequestHeader("X-Bifrost", "1");
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    xhr.onerror = () =>
      reject(new ApiError("The upload broke off.", "unreachable", "Check the connection and try again.", true));
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) resolve(JSON.parse(xhr.responseText) as Upload);
      else
        void errorOf(new Response(xhr.responseText, { status: xhr.status, statusText: xhr.statusText })).then(reject);
    };
    xhr.send(form);
  });
}
