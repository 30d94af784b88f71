import type { ReactNode } from "react";
import { useRoute } from "../../lib/router";
import { SourceDetails } from "./details";
import { SourceEdit } from "./edit";
import { SourceList } from "./list";
import { Register } from "./register";

/** #/sources, #/sources/new, #/sources/NAME and #/sources/NAME/edit */
export default function Sources(): ReactNode {
  const { path } = useRoute();
  const name = path[1];
  if (!name) return <SourceList />;
  if (name === "new") return <Register />;
  const decoded = decodeURIComponent(name);
  return path[2] === "edit" ? <SourceEdit name={decoded} /> : <SourceDetails name={decoded} />;
}
