import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useCollection } from "@cloudscape-design/collection-hooks";
import type { ReactNode } from "react";
import type { RecordFailure } from "../api/types";
import { Empty } from "./states";

/** Records that could not be read: the rest of the build went on without them. */
export function FailuresTable({ failures, total }: { failures: RecordFailure[]; total?: number }): ReactNode {
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(failures, {
    filtering: { empty: <Empty title="Every record could be read" />, noMatch: <Empty title="No failure matches" /> },
    pagination: { pageSize: 15 },
    sorting: {},
  });
  return (
    <Table
      {...collectionProps}
      items={items}
      variant="container"
      wrapLines
      trackBy={(failure) => `${failure.source}/${failure.dataset}/${failure.record}/${failure.code}`}
      header={
        <Header
          counter={`(${total ?? failures.length})`}
          description="Records that could not be read. The rest of their source was built without them."
        >
          Failures
        </Header>
      }
      filter={
        failures.length > 5 && (
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find failures"
            countText={`${filteredItemsCount ?? 0} found`}
          />
        )
      }
      pagination={failures.length > 15 && <Pagination {...paginationProps} />}
      columnDefinitions={[
        {
          id: "record",
          header: "Record",
          cell: (f) => <span className="breakable">{`${f.source} / ${f.dataset} / ${f.record}`}</span>,
          sortingField: "record",
          width: "30%",
        },
        { id: "message", header: "What happened", cell: (f) => f.message, sortingField: "message", width: "40%" },
        { id: "remedy", header: "What to do", cell: (f) => <Box color="text-body-secondary">{f.remedy}</Box> },
      ]}
    />
  );
}
