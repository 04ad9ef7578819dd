import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import * as api from "../api";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";
import { slugFrom } from "./slug";

/** Asks for the name of a new project; with an archive, its files are the first content. */
export function NewProjectDialog({ archive, onClose }: { archive: File | null; onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState(archive?.name.replace(/\.zip$/i, "") ?? "");
  const [typedSlug, setSlug] = useState<string | null>(null);
  const slug = typedSlug ?? slugFrom(name);

  async function create() {
    const project = await api.createProject(slug, name.trim());
    void queryClient.invalidateQueries({ queryKey: ["projects"] });
    if (archive !== null) await fill(project.slug, archive);
    await navigate({ to: "/p/$slug", params: { slug: project.slug } });
  }

  return (
    <FormDialog
      title={archive === null ? "New project" : `Import ${archive.name}`}
      submit={archive === null ? "Create" : "Import"}
      onClose={onClose}
      onSubmit={create}
      isDisabled={name.trim() === "" || slug === ""}
    >
      <Field label="Name" value={name} onChange={setName} autoFocus />
      <Field label="Address" hint={`${location.host}/p/${slug}`} value={slug} onChange={setSlug} />
    </FormDialog>
  );
}

async function fill(slug: string, archive: File) {
  const { imported, skipped } = await api.importZip(slug, archive).catch((error: unknown) => {
    throw new Error(
      `The project was made, but nothing imported: ${error instanceof Error ? error.message : error}`,
    );
  });
  const left =
    skipped.length === 0 ? "" : ` ${skipped.length} left out: ${skipped[0]?.path}, ${skipped[0]?.reason}`;
  toast(`${imported} ${imported === 1 ? "file" : "files"} imported.${left}`);
}
