/** What the API answers, as far as the page reads it (docs/edge-api.md, docs/cloud-api.md). */

export interface Breakdown {
  preprocess_s: number; queue_s: number; head_s: number; encode_s: number; uplink_s: number;
  decode_s: number; tail_s: number; postprocess_s: number; total_s: number;
}
export interface Box { box: [number, number, number, number]; label?: string; class?: number; score: number }
export interface Named { label?: string; class: number; score: number }
export interface Area { class: number; label?: string; share: number }
/** Classes of cells row by row: class, count, class, count. */
export interface AreaMask { width: number; height: number; runs: number[] }
export interface Outcome { boxes?: Box[]; top?: Named[]; text?: string; areas?: Area[]; mask?: AreaMask }
export interface Result {
  frame_id: string; stream: string; received_at_s: number; answered_by: string; outcome: Outcome | null;
  confidence: number | null; plan_digest: string | null; wire_bytes: number; breakdown: Breakdown;
  error: string | null; cut_key: string | null; hook: string | null; edge?: string; late: boolean; cloud: string | null;
}
/** How many results a period has, of one value of what they are split by. */
export interface Count { begins_s: number; value: string | null; count: number }
export interface ResultPage { results: Result[]; next_cursor: string | null }
export interface Link { bandwidth_bps: number; rtt_s: number; loss?: number; samples?: number }
export interface Plan {
  cut_key: string; boundary: string[]; wire: Record<string, { bits: number; codec?: string }>;
  weight_bits: Record<string, number>; latency: { edge_s: number; uplink_s: number; cloud_s: number };
  wire_bytes: number; edge_memory_bytes: number; error: number; reach?: number; wire_share?: number;
}
export interface Choice { automatic: boolean; plan: string | null; cut: string | null; is_kept: boolean }
export interface Cloud { cloud: string; is_up: boolean; is_used: boolean; bandwidth_bps: number; rtt_s: number; wait_s: number | null }
export interface Guard { max_drop: number | null; audits: number; agreement: number | null; distrusted: string[] }
export interface PlanPage {
  model: string; plan_digest: string | null; cut_key: string | null; plan: Plan | null; guard: Guard | null;
  table: { plans: Plan[]; fallback: Plan | null; rtt_s: number };
}
export interface Hook {
  hook: string; kind: string; tap: string; macs: number; threshold: number | null; floor: number | null;
  audits: number; agreement: number | null; state: string; fire_rate: number;
  seconds: { count: number; mean: number | null };
}
export interface Profile {
  model: string; model_sha256: string; frames: number; frames_per_s: number; in_flight: number;
  latency_s: { count: number; p50: number; p95: number }; hooks: Hook[]; cloud: "up" | "away"; link: Link;
  clouds: Cloud[]; plan: { cut_key: string; digest: string | null }; choice: Choice; plan_changes: number;
  calibration: string | null; answered_by: Record<string, number>;
}
export interface Layer { name: string; op: string; macs: number; weight_elements: number; outputs: string[]; output_bytes: number }
export interface Network {
  model: string; inputs: string[]; layers: Layer[];
  plans: { digest: string; cut_key: string; edge_layers: number[] }[];
}
export interface StreamFrame { stream: string; frame_id: string; received_at_s: number; has_picture: boolean }
export interface Source { name: string; address: string; state: string; taken: number; left_out: number; failed: number; openings: number; trouble: string | null }
export interface Sink { name: string; sent: number; refused: number; dropped: number; is_connected: boolean }
export interface Place { latitude_deg: number; longitude_deg: number; name: string }
export interface Edge {
  place: Place | null;
  name: string; model: string; state: "here" | "away"; last_seen_s: number; version: string; bandwidth_bps: number | null;
  rtt_s: number | null; frames: number; waiting: number; agreement: number | null; promised: number | null; audits: number;
  plan: { digest: string; cut_key: string; wire_bits: number[] } | null; answered_by: Record<string, number>; distrusted_plans: number;
}
export interface Rollout {
  model: string; state: string; current: string | null; candidate: string | null; share: number;
  audits: number; agreement: number | null; least_agreement: number | null; rejected: { bundle: string; reason: string }[];
}
export interface Fleet { now_s: number; edges: Edge[]; rollouts: Rollout[] }
export interface Models { models: string[]; broken: Record<string, string> }
/** A frame's result and where it stands in the log. */
export interface ResultEvent { sequence: number; node: string; result: Result }
