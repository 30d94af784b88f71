import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const storageKey = "bifrost.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export const theme = (): Theme => {
  const stored = window.localStorage.getItem(storageKey);
  return stored === "light" || stored === "dark" ? stored : "system";
};

export const isDark = (): boolean => theme() === "dark" || (theme() === "system" && dark.matches);

function apply(): void {
  applyMode(isDark() ? Mode.Dark : Mode.Light);
  document.documentElement.style.colorScheme = isDark() ? "dark" : "light";
  listeners.forEach((listener) => listener());
}

export function setTheme(next: Theme): void {
  if (next === "system") window.localStorage.removeItem(storageKey);
  else window.localStorage.setItem(storageKey, next);
  apply();
}

export function startTheme(): void {
  dark.addEventListener("change", apply);
  apply();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useDark = (): boolean => useSyncExternalStore(listen, isDark);
export const useTheme = (): Theme => useSyncExternalStore(listen, theme);
