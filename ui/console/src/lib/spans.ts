import type { Mention } from "../api/types";

/** A stretch of a page's text, inside a mention or between two. */
export interface Span {
  text: string;
  mention: Mention | undefined;
}

/**
 * Cuts a text at its mentions. Offsets count Unicode code points, not the UTF-16 units of JavaScript strings.
 * Of overlapping mentions the one that starts first wins, then a linked one, the longer one, the surer one.
 */
export function spans(text: string, mentions: Mention[]): Span[] {
  const points = Array.from(text);
  const ordered = [...mentions].sort(
    (a, b) =>
      a.begin - b.begin ||
      Number(b.linked !== null) - Number(a.linked !== null) ||
      b.end - a.end ||
      b.confidence - a.confidence,
  );
  const found: Span[] = [];
  let at = 0;
  for (const mention of ordered) {
    if (mention.begin < at || mention.end <= mention.begin) continue;
    if (mention.begin > at) found.push({ text: points.slice(at, mention.begin).join(""), mention: undefined });
    found.push({ text: points.slice(mention.begin, mention.end).join(""), mention });
    at = mention.end;
  }
  if (at < points.length) found.push({ text: points.slice(at).join(""), mention: undefined });
  return found;
}
