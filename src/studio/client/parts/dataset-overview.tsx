/** @file What a dataset holds: records, classes, the mean image. */
import type { DatasetDetail } from "../../api-types.ts";
import type { DatasetOverview, StageOverview } from "../../dataset-types.ts";
import { bytes, grouped, short } from "../lib/format.ts";
import { shareText } from "../lib/share-text.ts";
import { useFetched } from "../lib/use-data.ts";
import { Fact } from "./fact.tsx";
import { Swatch } from "./score-table.tsx";

export function DatasetFacts({ detail }: { detail: DatasetDetail }) {
  const { value: overview } = useFetched<DatasetOverview>(`/api/datasets/${detail.id}/overview`);
  const encodings = overview?.encodings;
  return (
    <>
      <dl class="facts">
        <Fact name="Training images" value={grouped(detail.train ?? 0)} />
        <Fact name="Validation images" value={grouped(detail.val ?? 0)} />
        <Fact name="Feature shape" value={detail.shape?.join(" × ") ?? ""} />
        <Fact name="Label shape" value={detail.labelShape?.join(" × ") ?? ""} />
        {encodings && (
          <Fact
            name="Encoding"
            value={`features ${encodings.features}, labels ${encodings.labels}`}
          />
        )}
        <Fact name="Size" value={bytes(detail.bytes)} />
        <Fact name="Folder" value={detail.folder} />
        {detail.usedBy.length > 0 && (
          <div>
            <dt>Models</dt>
            <dd>
              {detail.usedBy.map((model) => (
                <a key={model} href={`/models/${model}`}>
                  {model}{" "}
                </a>
              ))}
            </dd>
          </div>
        )}
      </dl>
      {overview && overview.sharedCases > 0 && (
        <p class="banner note">
          {overview.sharedCases} validation patients are in the training set, too: validation will
          look too good. Clone the dataset and split by patient to keep them apart.
        </p>
      )}
      {overview && <Balance overview={overview} id={detail.id} />}
    </>
  );
}

function Balance({ overview, id }: { overview: DatasetOverview; id: string }) {
  return (
    <div class="balance">
      {overview.stages.map((stage) => (
        <StageBalance key={stage.stage} stage={stage} />
      ))}
      {overview.mean && (
        <figure class="mean">
          <img src={`/api/datasets/${id}/mean`} alt="Mean of the training images" />
          <figcaption>
            Mean image, {overview.mean.map(short).join(", ")}
            <br />
            <span class="soft">train_db/mean.binaryproto</span>
          </figcaption>
        </figure>
      )}
    </div>
  );
}

/** A bar a class: its share of all pixels. */
function StageBalance({ stage }: { stage: StageOverview }) {
  const name = stage.stage === "train" ? "Training" : "Validation";
  return (
    <div>
      <h3>
        {name}: {grouped(stage.count)} records
        {stage.cases > 0 && ` of ${stage.cases} patients`}
      </h3>
      <table>
        <thead>
          <tr>
            <th>Class</th>
            <th class="number">Pixels</th>
            <th class="number">Share</th>
          </tr>
        </thead>
        <tbody>
          {stage.classes.map(({ name: label, pixels, share, color }) => (
            <tr key={label}>
              <td>
                <Swatch color={color} />
                {label}
                <svg class="share" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={share} height="1" />
                </svg>
              </td>
              <td class="number">{grouped(pixels)}</td>
              <td class="number">{shareText(share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        {stage.features}
        {stage.labels && `, ${stage.labels}`}
      </p>
    </div>
  );
}
