import type { ReactNode } from "react";
import { Empty } from "../../components/states";
import { useRoute } from "../../lib/router";
import { useMay } from "../../lib/session";
import { SourceDetails } from "./details";
import { SourceEdit } from "./edit";
import { SourceList } from "./list";
import { Register } from "./register";

/** #/sources, #/sources/new, #/sources/NAME and #/sources/NAME/edit */
export default function Sources(): ReactNode {
  const { path } = useRoute();
  const may = useMay();
  const name = path[1];
  if (!name) return <SourceList />;
  if (!may.administer && (name === "new" || path[2] === "edit"))
    return (
      <Empty title="Administrators register and change sources" action={{ text: "All sources", href: "#/sources" }} />
    );
  if (name === "new") return <Register />;
  const decoded = decodeURIComponent(name);
  return path[2] === "edit" ? <SourceEdit name={decoded} /> : <SourceDetails name={decoded} />;
}
