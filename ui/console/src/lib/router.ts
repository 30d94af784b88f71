import { useSyncExternalStore } from "react";

/** Where the console is: `#/explore/vertex?id=crm%2Fcustomers%2F7` is path ["explore", "vertex"] with the parameter id. */
export interface Route {
  path: string[];
  params: URLSearchParams;
}

type Param = string | number | string[] | undefined | null;

export function href(path: string, params: Record<string, Param> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (Array.isArray(value)) value.forEach((item) => search.append(name, item));
    else if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

export function navigate(target: string, options: { replace?: boolean } = {}): void {
  if (target === window.location.hash) return;
  if (options.replace) {
    window.history.replaceState(null, "", target);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    window.location.hash = target;
  }
}

export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { path: path.split("/").filter(Boolean), params: new URLSearchParams(search) };
}

let lastHash: string | undefined;
let lastRoute: Route = { path: [], params: new URLSearchParams() };

function snapshot(): Route {
  if (window.location.hash !== lastHash) {
    lastHash = window.location.hash;
    lastRoute = parseRoute(lastHash);
  }
  return lastRoute;
}

function listen(onChange: () => void): () => void {
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
}

export const useRoute = (): Route => useSyncExternalStore(listen, snapshot);

/** For Cloudscape's onFollow: follows links inside the console without a page load. */
export function follow(event: { preventDefault: () => void; detail: { href?: string; external?: boolean } }): void {
  const target = event.detail.href;
  if (!target || event.detail.external) return;
  event.preventDefault();
  navigate(target);
}
