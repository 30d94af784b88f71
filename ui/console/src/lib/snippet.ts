/** A piece of text, marked where the search matched. */
export interface Piece {
  text: string;
  mark: boolean;
}

const entities: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&#x27;": "'",
  "&nbsp;": "\u00a0",
};

const unescape = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|nbsp|#39|#x27);/g, (entity) => entities[entity] ?? entity);

/** Splits a search snippet at its <mark> tags. All other markup stays plain text, so nothing of it is ever run. */
export function pieces(snippet: string): Piece[] {
  const found: Piece[] = [];
  let mark = false;
  for (const part of snippet.split(/(<\/?mark>)/i)) {
    const tag = part.toLowerCase();
    if (tag === "<mark>") mark = true;
    else if (tag === "</mark>") mark = false;
    else if (part) found.push({ text: unescape(part), mark });
  }
  return found;
}
