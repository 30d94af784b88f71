import type { ReactNode } from "react";
import { useRoute } from "../../lib/router";
import { BuildDetails } from "./details";
import { BuildList } from "./list";

/** #/builds and #/builds/ID */
export default function Builds(): ReactNode {
  const { path } = useRoute();
  const id = Number.parseInt(path[1] ?? "", 10);
  return Number.isNaN(id) ? <BuildList /> : <BuildDetails key={id} id={id} />;
}
