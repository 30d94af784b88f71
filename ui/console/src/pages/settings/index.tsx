import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { href, navigate, useRoute } from "../../lib/router";
import { useMay } from "../../lib/session";
import { Effective } from "./effective";
import { Export } from "./export";
import { People } from "./people";
import { Projections } from "./projections";
import { Tokens } from "./tokens";

/** #/settings?tab=tokens|people|projections|export|settings */
export default function Settings(): ReactNode {
  const { params } = useRoute();
  const may = useMay();
  const tabs = [
    { id: "tokens", label: "My tokens", content: <Tokens /> },
    ...(may.administer ? [{ id: "people", label: "People", content: <People /> }] : []),
    { id: "projections", label: "Projections", content: <Projections /> },
    { id: "export", label: "Export", content: <Export /> },
    { id: "settings", label: "Effective settings", content: <Effective /> },
  ];
  return (
    <ContentLayout header={<Header variant="h1">Settings</Header>}>
      <Tabs
        activeTabId={params.get("tab") ?? "tokens"}
        onChange={({ detail }) => navigate(href("settings", { tab: detail.activeTabId }), { replace: true })}
        tabs={tabs}
      />
    </ContentLayout>
  );
}
