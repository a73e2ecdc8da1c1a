/**
 * What members of a network and their devices are called: by name where there is one, else by the
 * beginning or end of the key, which is the same on every device.
 */
import type { Member, NetworkConfig } from "../../client/networkTypes.ts";
import { closedMessages, sharingMessages } from "../sharingMessages.ts";

export const memberInWords = ({ name, account }: Pick<Member, "name" | "account">): string =>
  name ?? closedMessages.member(account);

export const deviceInWords = (device: string): string => sharingMessages.device(device.slice(-8));

/** With whose it is, where the network tells; `device` as members and peers name it. */
export const deviceOfMember = (network: NetworkConfig | undefined, device: string): string => {
  const members = network?.closed?.members ?? [];
  const member = members.find(({ devices }) => devices.some((each) => each.device === device));
  const words = deviceInWords(device);
  if (member === undefined) return words;
  return member.isSelf
    ? closedMessages.ownDeviceNamed(words)
    : closedMessages.deviceOf(memberInWords(member), words);
};

/** The member whose device puts decisions in order, and that device. */
export const keeperOf = (
  members: readonly Member[],
): { readonly member: Member; readonly device: string; readonly isThis: boolean } | null => {
  for (const member of members) {
    const found = member.devices.find(({ isSequencer }) => isSequencer);
    if (found !== undefined) return { member, device: found.device, isThis: found.isThis };
  }
  return null;
};
