import type { ReactNode } from "react";
import type { Piece } from "../lib/snippet";

/** Text with its marked pieces. */
export function Marked({ pieces }: { pieces: Piece[] }): ReactNode {
  return pieces.map((piece, index) =>
    piece.mark ? <mark key={index}>{piece.text}</mark> : <span key={index}>{piece.text}</span>,
  );
}
