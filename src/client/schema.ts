/**
 * Standard Schema on what this device writes. A schema only checks: what is stored is what the
 * caller gave, whatever the schema would make of it.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { NebulusError } from "../core/base/errors.ts";
import type { CollectionSchema } from "./api.ts";
import { upgraded, type StoredFields } from "./rows.ts";

/** Throws `SchemaViolation`: `issues` are "path: message", `path` is the place of the first. */
export const checkSchema = async (
  document: StoredFields,
  schema: CollectionSchema | null,
): Promise<void> => {
  if (schema === null) return;
  const shown = upgraded(document, schema);
  const result = await schema["~standard"].validate(shown);
  if (result.issues === undefined) return;
  const issues = result.issues.map((issue) => {
    const path = pathOf(issue);
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  const [first] = result.issues;
  throw new NebulusError({
    code: "SchemaViolation",
    message: `The document "${document.id}" does not fit its schema: ${issues.join("; ")}`,
    retryable: false,
    path: first === undefined ? "" : pathOf(first),
    issues,
  });
};

const pathOf = ({ path }: StandardSchemaV1.Issue): string =>
  (path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
