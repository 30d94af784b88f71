import { Fragment, type ReactNode } from "react";
import type { Column } from "../api/review-types";
import { columnName } from "../lib/format";

/** A column with its dataset and source; a long one is broken between its words. */
export function ColumnName({ column }: { column: Column }): ReactNode {
  return (
    <span className="breakable">
      {columnName(column)
        .split(/(?<=[._])/)
        .map((part, index) => (
          <Fragment key={index}>
            {index > 0 && <wbr />}
            {part}
          </Fragment>
        ))}
    </span>
  );
}
