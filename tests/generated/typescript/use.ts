// A program on the types that openapi-typescript made: `node use.js URL KEY`. tsc checks it under `strict`.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./sentiq.js";

const PRAISE = "房间干净，服务热情，下次还来";
const BLAME = "物流太慢，很失望";

const [url = "", key = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

const analysis = await client.POST("/analyze", { body: { text: PRAISE } });
assert.equal(analysis.data?.label, "positive");

const submitted = await client.POST("/api/v1/jobs", { body: { texts: [PRAISE, BLAME] } });
assert.equal(submitted.response.status, 202);
assert(submitted.data && "id" in submitted.data);
const job_id = submitted.data.id;

let job: components["schemas"]["JobDocument"] | undefined;
for (const start = Date.now(); !job?.ended_at; await new Promise((done) => setTimeout(done, 100))) {
  assert(Date.now() - start < 60_000, "the job ends");
  job = (await client.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id } } })).data;
}
assert.equal(job.counts.completed, 2);

const page = await client.GET("/api/v1/jobs/{job_id}/results", {
  params: { path: { job_id }, query: { include: "text" } },
});
assert.deepEqual(
  page.data?.data.map((row) => [row.text, row.label]),
  [
    [PRAISE, "positive"],
    [BLAME, "negative"],
  ],
);

const refused = await client.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: "job_none" } } });
assert.equal(refused.error?.code, "job_not_found");
const stranger = createClient<paths>({ baseUrl: url });
assert.equal((await stranger.GET("/api/v1/jobs")).error?.status, 401);
