import { useCallback, useState } from "react";

function read<T>(key: string, initial: T): T {
  try {
    const text = window.localStorage.getItem(key);
    return text === null ? initial : (JSON.parse(text) as T);
  } catch {
    return initial;
  }
}

/** State that this browser remembers. */
export function useStored<T>(key: string, initial: T): [T, (next: T) => void] {
  const name = `bifrost.${key}`;
  const [value, setValue] = useState<T>(() => read(name, initial));
  const store = useCallback(
    (next: T) => {
      setValue(next);
      try {
        window.localStorage.setItem(name, JSON.stringify(next));
      } catch {
        // Storage full or forbidden: it lasts until the page closes.
      }
    },
    [name],
  );
  return [value, store];
}
