import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import type { ReactNode } from "react";

const keys: [string[], string][] = [
  [["y"], "Confirm, with the name as it stands in the field"],
  [["n"], "Reject: these do not belong together"],
  [["e"], "Correct direction, kind, columns or threshold, then confirm"],
  [["l"], "Later: ask again when the evidence changes or after some days"],
  [["s"], "Not sure: ask others, and me again later"],
  [["d"], "Delete: never propose this again"],
  [["u"], "Undo the last answer"],
  [["↓", "→"], "Next proposal"],
  [["↑", "←"], "Previous proposal"],
  [["b"], "Blind: hide or show scores"],
  [["/"], "Search the graph"],
  [["?"], "This list"],
];

export function KeyHelp({ onClose }: { onClose: () => void }): ReactNode {
  return (
    <Modal
      visible
      header="Keys"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            Close
          </Button>
        </Box>
      }
    >
      <dl className="keys">
        {keys.map(([names, text]) => (
          <div key={text}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
