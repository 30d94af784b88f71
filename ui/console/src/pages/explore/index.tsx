import type { ReactNode } from "react";
import { useRoute } from "../../lib/router";
import { DocumentViewer } from "./document";
import { Workspace } from "./workspace";

/** #/explore?q=TEXT&label=LABEL&select=ID and #/explore/document?id=ID&page=N */
export default function Explore(): ReactNode {
  const { path, params } = useRoute();
  if (path[1] === "document")
    return <DocumentViewer id={params.get("id") ?? ""} number={Number(params.get("page") ?? 1) || 1} />;
  return <Workspace />;
}
