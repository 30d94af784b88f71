import { useEffect, useRef } from "react";

const typing =
  "input, textarea, select, [contenteditable=true], [role=dialog], [role=textbox], [role=combobox], [role=listbox], [role=menu]";

/** Whether a key press belongs to a field or an open dialog rather than to the page. */
export function belongsToField(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return target instanceof Element && target.closest(typing) !== null;
}

/** Single-key commands of a page; not while somebody types or a dialog is open. */
export function useKeys(commands: Record<string, () => void>, enabled = true): void {
  const latest = useRef(commands);
  latest.current = commands;
  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || belongsToField(event)) return;
      if (document.querySelector("[role=dialog][aria-modal=true]")) return;
      const command = latest.current[event.key];
      if (command) {
        event.preventDefault();
        command();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [enabled]);
}
