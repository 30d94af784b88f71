import { useEffect } from "react";
import { PROJECTIONS } from "../api/queries";
import type { Projection } from "../api/types";
import { type Loaded, useData } from "./use-data";

const often = 1000;
const seldom = 10_000;

/** What follows the graph, asked again and again: often while something is under way. */
export function useProjections(): Loaded<{ projections: Projection[] }> {
  const loaded = useData<{ projections: Projection[] }>(PROJECTIONS);
  const { data, reload } = loaded;
  const quiet = data?.projections.every(({ state }) => state === "IN_STEP") ?? false;
  useEffect(() => {
    const timer = window.setInterval(() => void reload(), quiet ? seldom : often);
    return () => window.clearInterval(timer);
  }, [quiet, reload]);
  return loaded;
}
