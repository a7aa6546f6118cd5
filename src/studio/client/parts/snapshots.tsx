/** @file The snapshots of a model, to download. */
import type { ModelDetail } from "../../api-types.ts";
import { bytes, short } from "../lib/format.ts";

export function Snapshots({ detail }: { detail: ModelDetail }) {
  const file = (iter: number, kind: string) =>
    `/api/jobs/${detail.id}/files/snapshot_iter_${iter}.${kind}`;
  return (
    <section aria-labelledby="snapshots">
      <h2 id="snapshots">Snapshots</h2>
      <p class="soft">
        A model archive has everything that runs elsewhere: networks, weights, custom layers, mean,
        names of the classes, and how to use it.
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Epoch</th>
              <th class="number">Iteration</th>
              <th class="number">Size</th>
              <th>Download</th>
            </tr>
          </thead>
          <tbody>
            {detail.snapshots.map(({ iter, epoch, bytes: size, resumable }) => (
              <tr key={iter}>
                <td>Epoch #{short(epoch)}</td>
                <td class="number">{iter}</td>
                <td class="number">{bytes(size)}</td>
                <td class="links">
                  <a href={`/api/models/${detail.id}/archive/${iter}`} download>
                    Model (.tar.gz)
                  </a>
                  <a href={file(iter, "caffemodel")} download>
                    .caffemodel
                  </a>
                  {resumable && (
                    <a href={file(iter, "solverstate")} download>
                      .solverstate
                    </a>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
