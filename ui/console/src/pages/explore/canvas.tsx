import { MultiDirectedGraph } from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";
import { type ReactNode, useEffect, useRef } from "react";
import Sigma from "sigma";
import type { NodeHoverDrawingFunction } from "sigma/rendering";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useDark } from "../../lib/theme";
import { colourOf, type View } from "./store";

interface Props {
  view: View;
  selected: string | null;
  onSelect: (id: string | null) => void;
  onExpand: (id: string) => void;
}

interface NodeAttributes {
  x: number;
  y: number;
  size: number;
  label: string;
  color: string;
  kind: string;
}

interface EdgeAttributes {
  label: string;
  size: number;
  type: string;
}

type Graph = MultiDirectedGraph<NodeAttributes, EdgeAttributes>;

/** More names of links than this hide what they name. */
const mostEdgeLabels = 12;

const short = (text: string): string => (text.length > 36 ? `${text.slice(0, 35)}…` : text);

/** Brings `graph` in line with the view; new nodes start beside a neighbour. Returns whether nodes came or went. */
function sync(graph: Graph, view: View): boolean {
  let changed = false;
  for (const id of graph.nodes()) {
    if (!view.vertices.has(id)) {
      graph.dropNode(id);
      changed = true;
    }
  }
  const near = new Map<string, string>();
  for (const { tail, head } of view.edges.values()) {
    if (graph.hasNode(tail.id)) near.set(head.id, tail.id);
    if (graph.hasNode(head.id)) near.set(tail.id, head.id);
  }
  let angle = 0;
  for (const vertex of view.vertices.values()) {
    const size = 5 + 2 * Math.log10(1 + vertex.edgeCount);
    if (graph.hasNode(vertex.id)) {
      graph.mergeNodeAttributes(vertex.id, { label: short(vertex.name), size });
      continue;
    }
    const anchor = near.get(vertex.id);
    const from =
      anchor === undefined
        ? { x: 0, y: 0 }
        : { x: graph.getNodeAttribute(anchor, "x"), y: graph.getNodeAttribute(anchor, "y") };
    // The golden angle spreads newcomers evenly, and the same way each time.
    angle += 2.399963;
    const radius = anchor === undefined ? 10 : 1;
    graph.addNode(vertex.id, {
      x: from.x + radius * Math.cos(angle),
      y: from.y + radius * Math.sin(angle),
      size,
      label: short(vertex.name),
      color: colourOf(vertex.label),
      kind: vertex.label,
    });
    changed = true;
  }
  for (const edge of view.edges.values())
    if (!graph.hasEdge(edge.id))
      graph.addEdgeWithKey(edge.id, edge.tail.id, edge.head.id, { label: edge.label, size: 2, type: "arrow" });
  return changed;
}

function layOut(graph: Graph): void {
  if (graph.order < 2) return;
  const iterations = graph.order > 1000 ? 60 : graph.order > 300 ? 150 : 300;
  forceAtlas2.assign(graph, {
    iterations,
    settings: { ...forceAtlas2.inferSettings(graph), gravity: 0.6, scalingRatio: 12, adjustSizes: true, slowDown: 4 },
  });
}

const hoverBox =
  (background: string): NodeHoverDrawingFunction<NodeAttributes, EdgeAttributes> =>
  (context, data, settings) => {
    const text = data.label ?? "";
    context.font = `600 ${settings.labelSize}px ${settings.labelFont}`;
    const width = context.measureText(text).width;
    context.fillStyle = background;
    context.beginPath();
    context.roundRect(data.x - data.size - 3, data.y - data.size - 4, width + 2 * data.size + 14, 2 * data.size + 8, 6);
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = data.color;
    context.stroke();
    context.beginPath();
    context.arc(data.x, data.y, data.size, 0, 2 * Math.PI);
    context.fillStyle = data.color;
    context.fill();
    context.fillStyle = typeof settings.labelColor.color === "string" ? settings.labelColor.color : "#000";
    context.fillText(text, data.x + data.size + 4, data.y + settings.labelSize / 3);
  };

/** The graph drawn with WebGL. The table beside it shows the same to those who cannot use it. */
export default function Canvas({ view, selected, onSelect, onExpand }: Props): ReactNode {
  const dark = useDark();
  const box = useRef<HTMLDivElement>(null);
  const graph = useRef<Graph>(new MultiDirectedGraph());
  const sigma = useRef<Sigma<NodeAttributes, EdgeAttributes> | undefined>(undefined);
  const handlers = useRef({ onSelect, onExpand });
  handlers.current = { onSelect, onExpand };
  const shown = useRef({ selected, hidden: view.hidden });
  shown.current = { selected, hidden: view.hidden };

  useEffect(() => {
    if (!box.current) return;
    const ink = dark ? "#e9ebed" : "#16191f";
    const line = dark ? "#5f6b7a" : "#aab7b8";
    const faint = dark ? "#2a3646" : "#e9ebed";
    const renderer = new Sigma<NodeAttributes, EdgeAttributes>(graph.current, box.current, {
      allowInvalidContainer: true,
      renderEdgeLabels: true,
      enableEdgeEvents: false,
      zIndex: true,
      stagePadding: 60,
      labelFont: "Open Sans, sans-serif",
      labelSize: 12,
      labelColor: { color: ink },
      edgeLabelColor: { color: dark ? "#b6bec9" : "#5f6b7a" },
      edgeLabelSize: 10,
      labelDensity: 1.2,
      labelRenderedSizeThreshold: 4,
      defaultDrawNodeHover: hoverBox(dark ? "#192534" : "#ffffff"),
      nodeReducer: (id, data) => {
        const { selected: chosen, hidden } = shown.current;
        if (hidden.has(data.kind)) return { ...data, hidden: true };
        if (id === chosen) return { ...data, highlighted: true, zIndex: 2 };
        if (chosen && graph.current.hasNode(chosen) && !graph.current.areNeighbors(id, chosen))
          return { ...data, color: dark ? "#414d5c" : "#c6cfd6", zIndex: 0 };
        return { ...data, zIndex: 1 };
      },
      edgeReducer: (id, data) => {
        const chosen = shown.current.selected;
        const few = graph.current.size <= mostEdgeLabels;
        if (!chosen || !graph.current.hasNode(chosen)) return { ...data, color: line, label: few ? data.label : "" };
        const touches = graph.current.hasExtremity(id, chosen);
        return {
          ...data,
          color: touches ? line : faint,
          label: touches && (few || graph.current.degree(chosen) <= mostEdgeLabels) ? data.label : "",
          zIndex: touches ? 1 : 0,
        };
      },
    });
    renderer.on("clickNode", ({ node }) => handlers.current.onSelect(node));
    renderer.on("doubleClickNode", ({ node, preventSigmaDefault }) => {
      preventSigmaDefault();
      handlers.current.onExpand(node);
    });
    renderer.on("clickStage", () => handlers.current.onSelect(null));
    let dragged: string | undefined;
    renderer.on("downNode", ({ node }) => {
      dragged = node;
    });
    renderer.on("moveBody", ({ event }) => {
      if (!dragged) return;
      const point = renderer.viewportToGraph(event);
      graph.current.mergeNodeAttributes(dragged, { x: point.x, y: point.y });
      event.preventSigmaDefault();
    });
    const drop = (): void => {
      dragged = undefined;
    };
    renderer.on("upNode", drop);
    renderer.on("upStage", drop);
    sigma.current = renderer;
    return () => {
      renderer.kill();
      sigma.current = undefined;
    };
  }, [dark]);

  useEffect(() => {
    if (sync(graph.current, view)) layOut(graph.current);
    sigma.current?.refresh();
  }, [view, dark]);
  useEffect(() => {
    sigma.current?.refresh({ skipIndexation: true });
  }, [selected]);

  return (
    <div className="canvas">
      <div
        ref={box}
        className="canvas-box"
        role="img"
        aria-label={`Graph of ${view.vertices.size} things and ${view.edges.size} links. The table view lists them.`}
      />
      <div className="canvas-tools">
        <SpaceBetween size="xxs">
          <Button
            variant="icon"
            iconName="zoom-in"
            ariaLabel="Zoom in"
            onClick={() => void sigma.current?.getCamera().animatedZoom()}
          />
          <Button
            variant="icon"
            iconName="zoom-out"
            ariaLabel="Zoom out"
            onClick={() => void sigma.current?.getCamera().animatedUnzoom()}
          />
          <Button
            variant="icon"
            iconName="zoom-to-fit"
            ariaLabel="Fit to the window"
            onClick={() => void sigma.current?.getCamera().animatedReset()}
          />
          <Button
            variant="icon"
            iconName="refresh"
            ariaLabel="Lay out again"
            onClick={() => {
              layOut(graph.current);
              sigma.current?.refresh();
            }}
          />
        </SpaceBetween>
      </div>
    </div>
  );
}
