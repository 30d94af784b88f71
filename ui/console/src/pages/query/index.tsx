import "./query.css";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { navigate, useRoute } from "../../lib/router";
import { languages } from "./languages";
import { Workbench } from "./workbench";

/** #/query/graphql, #/query/gremlin and #/query/sparql */
export default function Query(): ReactNode {
  const { path } = useRoute();
  const active = languages.find((language) => language.id === path[1]) ?? languages[0]!;
  return (
    <SpaceBetween size="s">
      <Header variant="h1" description="The same graph in three languages.">
        Query
      </Header>
      <Tabs
        activeTabId={active.id}
        onChange={({ detail }) => navigate(`#/query/${detail.activeTabId}`)}
        tabs={languages.map((language) => ({
          id: language.id,
          label: language.title,
          content: <Workbench key={language.id} language={language} />,
        }))}
      />
    </SpaceBetween>
  );
}
