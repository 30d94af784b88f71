import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal, { type ModalProps } from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import type { ApiError } from "../api/client";
import { Problem } from "./states";

interface Props {
  title: string;
  verb: string;
  busy: boolean;
  error?: ApiError | undefined;
  disabled?: boolean;
  size?: ModalProps.Size;
  onConfirm: () => void;
  onCancel: () => void;
  children: ReactNode;
}

/** Asks before something that cannot be taken back, or a short form. */
export function Confirm({
  title,
  verb,
  busy,
  error,
  disabled,
  size = "medium",
  onConfirm,
  onCancel,
  children,
}: Props): ReactNode {
  return (
    <Modal
      visible
      size={size}
      header={title}
      onDismiss={onCancel}
      closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onCancel}>
              Cancel
            </Button>
            <Button variant="primary" loading={busy} disabled={disabled ?? false} onClick={onConfirm}>
              {verb}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div>{children}</div>
        {error && <Problem error={error} />}
      </SpaceBetween>
    </Modal>
  );
}
