import type { ReactNode } from "react";
import { colourOf, toggleLabel, type View } from "./store";

/** The labels on the canvas with their colours; a click hides or shows one. */
export function Legend({ view }: { view: View }): ReactNode {
  const counts = new Map<string, number>();
  for (const { label } of view.vertices.values()) counts.set(label, (counts.get(label) ?? 0) + 1);
  return (
    <ul className="legend" aria-label="Labels shown">
      {[...counts].map(([label, count]) => (
        <li key={label}>
          <button type="button" aria-pressed={!view.hidden.has(label)} onClick={() => toggleLabel(label)}>
            <span className="dot" style={{ background: colourOf(label) }} />
            {label} <span className="muted">{count}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
