import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { serviceUrl } from "../../api/client";

const formats: { id: string; title: string; use: string }[] = [
  { id: "graphml", title: "GraphML", use: "Gephi, yEd, NetworkX" },
  { id: "graphson", title: "GraphSON", use: "TinkerPop graph databases" },
  { id: "neptune-csv", title: "Neptune CSV", use: "Amazon Neptune's bulk loader" },
  { id: "nquads", title: "N-Quads", use: "RDF stores, one named graph per source" },
  { id: "turtle", title: "Turtle", use: "RDF for reading" },
  { id: "jsonld", title: "JSON-LD", use: "RDF for web applications" },
  { id: "parquet", title: "Parquet", use: "Tables of things and links for data science" },
];

/** The whole graph as a file. */
export function Export(): ReactNode {
  return (
    <Table
      items={formats}
      trackBy="id"
      header={
        <Header variant="h2" description="The whole graph as you may see it, in the format of other tools.">
          Export
        </Header>
      }
      columnDefinitions={[
        { id: "title", header: "Format", isRowHeader: true, cell: (format) => format.title },
        { id: "use", header: "For", cell: (format) => format.use },
        {
          id: "download",
          header: "File",
          cell: (format) => (
            <Button
              variant="inline-link"
              iconName="download"
              href={serviceUrl(`api/export?format=${format.id}`)}
              download
              ariaLabel={`Download ${format.title}`}
            >
              Download
            </Button>
          ),
        },
      ]}
    />
  );
}
