import { useSyncExternalStore } from "react";
import type { GraphEdge, GraphVertex, Subgraph, VertexRef } from "../../api/types";

/** What the explorer shows. Kept outside of the page, so that it is still there after a look at a document. */
export interface View {
  vertices: ReadonlyMap<string, GraphVertex>;
  edges: ReadonlyMap<string, GraphEdge>;
  hidden: ReadonlySet<string>;
}

const nothing: View = { vertices: new Map(), edges: new Map(), hidden: new Set() };
let view = nothing;
const listeners = new Set<() => void>();

function set(next: View): void {
  view = next;
  listeners.forEach((listener) => listener());
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useView = (): View => useSyncExternalStore(listen, () => view);

const incomplete = ({ id, label, name }: VertexRef): GraphVertex => ({
  id,
  label,
  name,
  properties: {},
  sources: [],
  edgeCount: 0,
});

/** Adds a part of the graph; returns how many vertices are new. */
export function addToView(part: Pick<Subgraph, "vertices" | "edges">): number {
  const vertices = new Map(view.vertices);
  const edges = new Map(view.edges);
  part.vertices.forEach((vertex) => vertices.set(vertex.id, vertex));
  for (const edge of part.edges) {
    for (const end of [edge.tail, edge.head]) if (!vertices.has(end.id)) vertices.set(end.id, incomplete(end));
    edges.set(edge.id, edge);
  }
  const added = vertices.size - view.vertices.size;
  set({ ...view, vertices, edges });
  return added;
}

export function removeFromView(id: string): void {
  const vertices = new Map(view.vertices);
  vertices.delete(id);
  const edges = new Map([...view.edges].filter(([, edge]) => edge.tail.id !== id && edge.head.id !== id));
  set({ ...view, vertices, edges });
}

export function toggleLabel(label: string): void {
  const hidden = new Set(view.hidden);
  if (!hidden.delete(label)) hidden.add(label);
  set({ ...view, hidden });
}

export const clearView = (): void => set(nothing);

const palette = [
  "#0972d3",
  "#c33d69",
  "#2ea597",
  "#8456ce",
  "#e07941",
  "#5b8c00",
  "#b8890b",
  "#962249",
  "#3759ce",
  "#096f64",
  "#a84401",
  "#6237a7",
];
const assigned = new Map<string, string>();

/** The colour of a label: the first labels seen get the clearest ones. */
export function colourOf(label: string): string {
  let colour = assigned.get(label);
  if (!colour) {
    colour = palette[assigned.size % palette.length]!;
    assigned.set(label, colour);
  }
  return colour;
}
