import "./review.css";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { navigate, useRoute } from "../../lib/router";
import { Accepting } from "./accepting";
import { Carrying } from "./carrying";
import { History } from "./history";
import { LinkDetails } from "./link-details";
import { LinkList } from "./link-list";
import { Queue } from "./queue";
import { Reviewers } from "./reviewers";
import { Teach } from "./teach";

const views = new Set(["queue", "links", "teach", "accepting", "history", "reviewers", "projects"]);

/** #/review, #/review/links, #/review/links/ID, #/review/teach, .../accepting, .../history, .../reviewers, .../projects */
export default function Review(): ReactNode {
  const { path } = useRoute();
  const [, asked = "queue", id] = path;
  const view = views.has(asked) ? asked : "queue";
  if (view === "links" && id) return <LinkDetails key={id} id={decodeURIComponent(id)} />;
  return (
    <SpaceBetween size="s">
      <Header
        variant="h1"
        description="One answer about a type of link settles all links of that type. Every answer teaches the model and can be undone."
      >
        Review
      </Header>
      <Tabs
        activeTabId={view}
        onChange={({ detail }) =>
          navigate(detail.activeTabId === "queue" ? "#/review" : `#/review/${detail.activeTabId}`)
        }
        tabs={[
          { id: "queue", label: "Proposals", content: <Queue /> },
          { id: "links", label: "Link types", content: <LinkList /> },
          { id: "teach", label: "Teach by examples", content: <Teach /> },
          { id: "accepting", label: "Accepting", content: <Accepting /> },
          { id: "history", label: "History", content: <History /> },
          { id: "reviewers", label: "Reviewers", content: <Reviewers /> },
          { id: "projects", label: "Other projects", content: <Carrying /> },
        ]}
      />
    </SpaceBetween>
  );
}
