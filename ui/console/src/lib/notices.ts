import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, useContext } from "react";

export type Notice = Omit<FlashbarProps.MessageDefinition, "id" | "onDismiss" | "dismissible">;

/** Shows a message above the page; one with the same `key` replaces the earlier one. */
export type Notify = (notice: Notice, key?: string) => void;

export const NoticeContext = createContext<Notify>(() => undefined);
export const useNotify = (): Notify => useContext(NoticeContext);
