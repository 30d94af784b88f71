import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Table from "@cloudscape-design/components/table";
import { useCollection } from "@cloudscape-design/collection-hooks";
import type { ReactNode } from "react";
import type { DataTable as Data, Json } from "../api/types";
import { count } from "../lib/format";
import { Empty } from "./states";

export const cellText = (value: Json | undefined): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

interface Item {
  index: number;
  row: Json[];
}

interface Props {
  table: Data;
  title?: string;
  description?: string;
  actions?: ReactNode;
  empty?: string;
}

/** Rows of any shape, sortable and paged. */
export function DataTable({ table, title, description, actions, empty = "No rows" }: Props): ReactNode {
  const narrow = table.columns.length <= 4;
  const items: Item[] = table.rows.map((row, index) => ({ index, row }));
  const collection = useCollection(items, {
    pagination: { pageSize: 25 },
    sorting: {},
    filtering: { empty: <Empty title={empty} /> },
  });
  return (
    <Table
      {...collection.collectionProps}
      items={collection.items}
      trackBy={(item) => String(item.index)}
      variant="embedded"
      contentDensity="compact"
      resizableColumns={!narrow}
      wrapLines={narrow}
      header={
        title !== undefined && (
          <Header variant="h3" counter={`(${count(table.rows.length)})`} description={description} actions={actions}>
            {title}
          </Header>
        )
      }
      pagination={items.length > 25 && <Pagination {...collection.paginationProps} />}
      columnDefinitions={table.columns.map((name, position) => ({
        id: `${position}-${name}`,
        header: name,
        ...(narrow ? {} : { minWidth: 80, width: 160 }),
        cell: (item: Item) => <span title={cellText(item.row[position])}>{cellText(item.row[position])}</span>,
        sortingComparator: (a: Item, b: Item) => compare(a.row[position], b.row[position]),
      }))}
    />
  );
}

function compare(a: Json | undefined, b: Json | undefined): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return cellText(a).localeCompare(cellText(b), undefined, { numeric: true });
}
