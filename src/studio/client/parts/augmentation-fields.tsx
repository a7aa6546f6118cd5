/** @file Random changes of the training images, and the first batch as it will be trained on. */
import { useEffect, useState } from "preact/hooks";
import type { PreviewForm } from "../../api-types.ts";
import { type FieldErrors, errorsOf, postForImage } from "../lib/api.ts";
import {
  type AugmentationDraft,
  type Strength,
  augmentationOf,
  noAugmentation,
  strengths,
  usualAugmentation,
} from "../lib/augmentation-draft.ts";
import { type ModelDraft, previewFormOf } from "../lib/model-draft.ts";
import { TextField, errorFor } from "./field.tsx";

/** How long nothing must be typed before the picture is drawn again. */
const QUIET_MS = 400;

interface AugmentationFieldsProps {
  readonly draft: ModelDraft;
  readonly set: (change: Partial<ModelDraft>) => void;
  readonly errors: FieldErrors;
}

export function AugmentationFields({ draft, set, errors }: AugmentationFieldsProps) {
  const { augmentation } = draft;
  const change = (changed: Partial<AugmentationDraft>) =>
    set({ augmentation: { ...augmentation, ...changed } });
  const flip = (label: string, key: "flipX" | "flipY") => (
    <label class="check">
      <input
        type="checkbox"
        checked={augmentation[key]}
        onChange={(event) => change({ [key]: event.currentTarget.checked })}
      />
      {label}
    </label>
  );
  const problem = errorFor(errors, "augmentation");
  return (
    <section aria-labelledby="augmentation">
      <h2 id="augmentation">Augmentation</h2>
      <p class="soft">
        Changes each training image by chance, and its label image with it. Validation images stay
        as they are.
      </p>
      <div class="toolbar">
        {flip("Flip left and right", "flipX")}
        {flip("Flip top and bottom", "flipY")}
        <button type="button" onClick={() => set({ augmentation: usualAugmentation })}>
          A usual mixture
        </button>
        <button
          type="button"
          disabled={augmentationOf(augmentation) === undefined}
          onClick={() => set({ augmentation: noAugmentation })}
        >
          None
        </button>
      </div>
      {problem && <p class="error">{problem}</p>}
      <div class="columns small">
        {(Object.keys(strengths) as Strength[]).map((name) => (
          <TextField
            key={name}
            label={strengths[name].label}
            hint={strengths[name].hint}
            inputMode="decimal"
            value={augmentation.strengths[name]}
            onChange={(value) =>
              change({ strengths: { ...augmentation.strengths, [name]: value } })
            }
          />
        ))}
      </div>
      {draft.dataset !== "" && <FirstBatch form={previewFormOf(draft)} />}
    </section>
  );
}

function FirstBatch({ form }: { form: PreviewForm }) {
  const { url, problem } = usePreview(form);
  const isAugmented = form.augmentation !== undefined;
  return (
    <figure class="first-batch" aria-live="polite">
      {problem && <p class="error">{problem}</p>}
      {url && <img src={url} alt="The first images of the first training batch, with outlines" />}
      {url && (
        <figcaption>
          The first training images with the outlines of their labels
          {isAugmented && ": as they are in the dataset, and below them as they are trained on"}.
        </figcaption>
      )}
    </figure>
  );
}

/** The picture of the first batch; the last one stays until the next is there. */
function usePreview(form: PreviewForm): { url: string | undefined; problem: string } {
  const [url, setUrl] = useState<string>();
  const [problem, setProblem] = useState("");
  const key = JSON.stringify(form);
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(async () => {
      try {
        const picture = await postForImage("/api/preview", JSON.parse(key));
        if (!isCurrent) return;
        setProblem("");
        setUrl(URL.createObjectURL(picture));
      } catch (error) {
        if (isCurrent) setProblem(Object.values(errorsOf(error)).flat().join(" "));
      }
    }, QUIET_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [key]);
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);
  return { url, problem };
}
