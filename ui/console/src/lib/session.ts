import { createContext, useContext } from "react";
import type { User } from "../api/types";

export const UserContext = createContext<User>({ name: "", role: "READER" });
export const useUser = (): User => useContext(UserContext);

/** Who may answer review questions, start builds and register sources. */
export const useMay = (): { review: boolean; administer: boolean } => {
  const { role } = useUser();
  return { review: role !== "READER", administer: role === "ADMIN" };
};
