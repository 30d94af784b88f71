import Icon from "@cloudscape-design/components/icon";
import type { ReactNode } from "react";
import { type Behind, behindText } from "../lib/behind";

/** Says that an answer leaves changes out, where it does. */
export function BehindNote({ behind }: { behind: Behind | undefined }): ReactNode {
  if (!behind) return null;
  return (
    <span role="status" className="muted">
      <Icon name="status-pending" size="small" /> {behindText(behind)}
    </span>
  );
}
