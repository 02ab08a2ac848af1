BEGIN TRANSACTION;
CREATE TABLE reconciler_applies (
	apply_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	plan_id VARCHAR(80) NOT NULL, 
	commit_id VARCHAR(64) NOT NULL, 
	waves TEXT(16000000) NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	started_s DOUBLE NOT NULL, 
	completed_s DOUBLE, 
	hold VARCHAR(32) NOT NULL, 
	reason TEXT NOT NULL, 
	gates_open INTEGER NOT NULL, 
	failures_released INTEGER NOT NULL, 
	copies_released TEXT(16000000) NOT NULL, 
	problem TEXT, 
	waits_since_s DOUBLE, 
	soaking_wave INTEGER, 
	soak_until_s DOUBLE
, region VARCHAR(64) DEFAULT '' NOT NULL);
INSERT INTO "reconciler_applies" VALUES(1,'production','commerce','sha256:1','cccccccccccccccccccccccccccccccccccccccc','[["-40"], ["40-80", "80-"]]','pending',1,1.5,NULL,'none','',0,0,'[]',NULL,NULL,NULL,NULL,'');
CREATE TABLE reconciler_deploys (
	apply_id INTEGER NOT NULL, 
	step VARCHAR(32) NOT NULL, 
	intended_s DOUBLE NOT NULL, 
	times INTEGER NOT NULL, 
	problem TEXT, 
	PRIMARY KEY (apply_id, step)
);
CREATE TABLE reconciler_events (
	event_id INTEGER NOT NULL, 
	apply_id INTEGER NOT NULL, 
	at_s DOUBLE NOT NULL, 
	what TEXT NOT NULL, 
	shard VARCHAR(64), 
	object_kind VARCHAR(32), 
	object_name VARCHAR(64), 
	PRIMARY KEY (event_id)
);
INSERT INTO "reconciler_events" VALUES(1,1,2.5,'outcome unknown','-40','table','users');
INSERT INTO "reconciler_events" VALUES(2,1,2.6,'began',NULL,NULL,NULL);
CREATE TABLE reconciler_finalizers (
	apply_id INTEGER NOT NULL, 
	moment VARCHAR(32) NOT NULL, 
	before_fingerprint VARCHAR(80) NOT NULL, 
	after_fingerprint VARCHAR(80) NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	started_s DOUBLE, 
	intended_s DOUBLE, 
	settled_s DOUBLE, 
	problem TEXT, 
	PRIMARY KEY (apply_id, moment)
);
INSERT INTO "reconciler_finalizers" VALUES(1,'last','sha256:a','sha256:b','pending',1,0,NULL,NULL,NULL,NULL);
CREATE TABLE reconciler_forgotten (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	applies INTEGER NOT NULL, 
	until_s DOUBLE NOT NULL, 
	PRIMARY KEY (environment, keyspace)
);
INSERT INTO "reconciler_forgotten" VALUES('production','commerce',3,0.5);
CREATE TABLE reconciler_keyspaces (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	turns INTEGER NOT NULL, 
	PRIMARY KEY (environment, keyspace)
);
INSERT INTO "reconciler_keyspaces" VALUES('production','orders',2);
CREATE TABLE reconciler_leases (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	region VARCHAR(64) DEFAULT '' NOT NULL, 
	apply_id INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	holder VARCHAR(255), 
	heartbeat_s DOUBLE NOT NULL, 
	PRIMARY KEY (environment, keyspace, region)
);
INSERT INTO "reconciler_leases" VALUES('production','commerce','',1,1,NULL,4.0);
CREATE TABLE reconciler_ledger_version (
	version INTEGER NOT NULL
);
INSERT INTO "reconciler_ledger_version" VALUES(9);
CREATE TABLE reconciler_looks (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	at_s DOUBLE NOT NULL, 
	shard VARCHAR(64) NOT NULL, 
	size_bytes BIGINT, 
	rows_estimated BIGINT, 
	statements BIGINT, 
	up_s BIGINT, 
	PRIMARY KEY (environment, keyspace, at_s, shard)
);
INSERT INTO "reconciler_looks" VALUES('production','commerce',3.5,'-40',16384,7,NULL,NULL);
CREATE TABLE reconciler_operations (
	apply_id INTEGER NOT NULL, 
	shard VARCHAR(64) NOT NULL, 
	object_kind VARCHAR(32) NOT NULL, 
	object_name VARCHAR(64) NOT NULL, 
	wave INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	statements INTEGER NOT NULL, 
	statements_done INTEGER NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	started_s DOUBLE, 
	settled_s DOUBLE, 
	problem TEXT, 
	waits_for TEXT, 
	waits_since_s DOUBLE, 
	PRIMARY KEY (apply_id, shard, object_kind, object_name)
);
INSERT INTO "reconciler_operations" VALUES(1,'-40','table','users',1,0,1,0,'unknown',2,NULL,NULL,NULL,'',NULL);
INSERT INTO "reconciler_operations" VALUES(1,'40-80','table','users',1,1,1,0,'pending',1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "reconciler_operations" VALUES(1,'80-','table','users',1,2,1,0,'pending',1,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE reconciler_requests (
	request_id INTEGER NOT NULL, 
	apply_id INTEGER NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	asked_by VARCHAR(255) NOT NULL, 
	asked_s DOUBLE NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	answer TEXT NOT NULL, 
	PRIMARY KEY (request_id)
);
INSERT INTO "reconciler_requests" VALUES(1,1,'stop','ada',3.0,'pending','');
INSERT INTO "reconciler_requests" VALUES(2,7,'stop','ada',0.25,'applied','');
CREATE TABLE reconciler_route_catalogs (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	version INTEGER NOT NULL, 
	key_function VARCHAR(32) NOT NULL, 
	adopted_by VARCHAR(255) NOT NULL, 
	adopted_s DOUBLE NOT NULL, 
	PRIMARY KEY (environment, keyspace)
);
INSERT INTO "reconciler_route_catalogs" VALUES('production','orders',1,'xxhash','ada',1.0);
CREATE TABLE reconciler_route_leases (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	router VARCHAR(64) NOT NULL, 
	seen_version INTEGER NOT NULL, 
	capabilities VARCHAR(255) NOT NULL, 
	lease_until_us BIGINT NOT NULL, 
	PRIMARY KEY (environment, keyspace, router)
);
INSERT INTO "reconciler_route_leases" VALUES('production','orders','web-1',1,'split-v1',1);
CREATE TABLE reconciler_routes (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	since_version INTEGER NOT NULL, 
	range_start VARCHAR(64) NOT NULL, 
	range_end VARCHAR(64) NOT NULL, 
	until_version INTEGER NOT NULL, 
	shard VARCHAR(64) NOT NULL, 
	place VARCHAR(96) NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	job_id INTEGER, 
	PRIMARY KEY (environment, keyspace, since_version, range_start), 
	CONSTRAINT reconciler_routes_start UNIQUE (environment, keyspace, until_version, range_start), 
	CONSTRAINT reconciler_routes_end UNIQUE (environment, keyspace, until_version, range_end)
);
INSERT INTO "reconciler_routes" VALUES('production','orders',1,'','80',0,'-80','-80','active',NULL);
INSERT INTO "reconciler_routes" VALUES('production','orders',1,'80','',0,'80-','80-','active',NULL);
CREATE TABLE reconciler_row_answers (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	shard VARCHAR(64) NOT NULL, 
	question VARCHAR(80) NOT NULL, 
	at_s DOUBLE NOT NULL, 
	rows_seen BIGINT, 
	replica_behind_s BIGINT, 
	PRIMARY KEY (environment, keyspace, shard, question)
);
INSERT INTO "reconciler_row_answers" VALUES('production','commerce','-40','sha256:1',3.5,7,2);
CREATE TABLE reconciler_row_places (
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	shard VARCHAR(64) NOT NULL, 
	question VARCHAR(80) NOT NULL, 
	begun_s DOUBLE NOT NULL, 
	seen_s DOUBLE NOT NULL, 
	rows_seen BIGINT NOT NULL, 
	rows_of BIGINT NOT NULL, 
	replica_behind_s BIGINT, 
	stands TEXT NOT NULL, 
	digest VARCHAR(80) NOT NULL, 
	PRIMARY KEY (environment, keyspace, shard, question)
);
INSERT INTO "reconciler_row_places" VALUES('production','commerce','-40','sha256:2',3.5,4.5,7,9,2,'["PRIMARY", "12", "0A"]','sha256:156f9bc86e14008969b19e8220d659116e1317023f623833dedc5003b930adfe');
CREATE TABLE reconciler_split_approvals (
	job_id INTEGER NOT NULL, 
	approval VARCHAR(32) NOT NULL, 
	approved_by VARCHAR(255) NOT NULL, 
	approved_s DOUBLE NOT NULL, 
	PRIMARY KEY (job_id, approval)
);
INSERT INTO "reconciler_split_approvals" VALUES(1,'start','ada',2.5);
CREATE TABLE reconciler_split_brackets (
	job_id INTEGER NOT NULL, 
	bracket_id INTEGER NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	target VARCHAR(64) NOT NULL, 
	table_name VARCHAR(64) NOT NULL, 
	stage VARCHAR(32) NOT NULL, 
	batch BIGINT NOT NULL, 
	cursor_key TEXT(16000000) NOT NULL, 
	rows_scanned BIGINT NOT NULL, 
	rows_accepted BIGINT NOT NULL, 
	PRIMARY KEY (job_id, bracket_id)
);
INSERT INTO "reconciler_split_brackets" VALUES(1,1,'-80','-40','orders','copying',4,'[17]',2000,990);
CREATE TABLE reconciler_split_jobs (
	job_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	environment VARCHAR(64) NOT NULL, 
	keyspace VARCHAR(64) NOT NULL, 
	live_slot INTEGER, 
	protocol INTEGER NOT NULL, 
	plan_id VARCHAR(80) NOT NULL, 
	commit_id VARCHAR(64) NOT NULL, 
	engine VARCHAR(32) NOT NULL, 
	sources TEXT(16000000) NOT NULL, 
	targets TEXT(16000000) NOT NULL, 
	expected_version INTEGER NOT NULL, 
	phase VARCHAR(32) NOT NULL, 
	phase_since_s DOUBLE NOT NULL, 
	revision INTEGER NOT NULL, 
	retry_phase VARCHAR(32), 
	abandoned_in VARCHAR(32), 
	cutover_version INTEGER, 
	cutover_s DOUBLE, 
	opened_version INTEGER, 
	fence_epoch INTEGER NOT NULL, 
	ground TEXT(16000000) NOT NULL, 
	held_by VARCHAR(255), 
	problem TEXT, 
	holder VARCHAR(255), 
	heartbeat_s DOUBLE NOT NULL, 
	started_s DOUBLE NOT NULL, 
	ended_s DOUBLE, reserves INTEGER DEFAULT '1' NOT NULL, 
	CONSTRAINT reconciler_split_jobs_live UNIQUE (environment, keyspace, live_slot)
);
INSERT INTO "reconciler_split_jobs" VALUES(1,'production','orders',1,1,'sha256:1','cccccccccccccccccccccccccccccccccccccccc','tracker','["-80"]','["-40", "40-80"]',1,'failed',4.0,4,'backfill',NULL,NULL,NULL,NULL,0,'[["-80", "orders", 1067, "sha256:c"]]',NULL,'{"code": "x", "message": "it broke", "recovery": "fix it"}',NULL,2.0,2.0,NULL,1);
CREATE TABLE reconciler_split_path (
	job_id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	at_s DOUBLE NOT NULL, 
	phase_before VARCHAR(32) NOT NULL, 
	phase_after VARCHAR(32) NOT NULL, 
	problem TEXT, 
	PRIMARY KEY (job_id, revision)
);
INSERT INTO "reconciler_split_path" VALUES(1,2,3.0,'planned','backfill',NULL);
INSERT INTO "reconciler_split_path" VALUES(1,3,4.0,'backfill','failed','{"code": "x", "message": "it broke", "recovery": "fix it"}');
CREATE TABLE reconciler_split_progress (
	job_id INTEGER NOT NULL, 
	at_s DOUBLE NOT NULL, 
	queued BIGINT NOT NULL, 
	oldest_s DOUBLE, 
	copied_per_s DOUBLE, 
	arrivals_per_s DOUBLE, 
	drained_per_s DOUBLE, 
	compared_per_s DOUBLE, 
	to_compare BIGINT NOT NULL, 
	rests TEXT NOT NULL, 
	PRIMARY KEY (job_id)
);
INSERT INTO "reconciler_split_progress" VALUES(1,3.5,12,0.5,20000.0,NULL,NULL,NULL,7,'');
CREATE TABLE reconciler_split_requests (
	request_id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	asked_by VARCHAR(255) NOT NULL, 
	asked_s DOUBLE NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	problem TEXT, 
	PRIMARY KEY (request_id)
);
INSERT INTO "reconciler_split_requests" VALUES(1,1,'stop','ada',3.5,'pending',NULL);
CREATE TABLE reconciler_statements (
	apply_id INTEGER NOT NULL, 
	shard VARCHAR(64) NOT NULL, 
	statement_index INTEGER NOT NULL, 
	object_kind VARCHAR(32) NOT NULL, 
	object_name VARCHAR(64) NOT NULL, 
	sql_text TEXT(16000000) NOT NULL, 
	state VARCHAR(32) NOT NULL, 
	attempts INTEGER NOT NULL, 
	intended_s DOUBLE NOT NULL, 
	engine VARCHAR(32) NOT NULL, 
	handle_version INTEGER NOT NULL, 
	handle TEXT NOT NULL, 
	progress TEXT NOT NULL, 
	left_tables TEXT NOT NULL, 
	settled_s DOUBLE, 
	problem TEXT, 
	PRIMARY KEY (apply_id, shard, statement_index)
);
INSERT INTO "reconciler_statements" VALUES(1,'-40',0,'table','users','ALTER TABLE `users` ADD COLUMN `a` int, ALGORITHM=INSTANT','unknown',1,2.0,'direct',1,'{"connection": 7}','{"stage": "copy to tmp table", "percent": 40, "rows_done": 53000, "rows_total": 131000, "bytes_done": null, "bytes_total": null, "left_s": 240, "waits_for": "", "throttled_by": ""}','[]',NULL,'{"code": "outcome-unknown", "message": "no answer came", "recovery": "`reconciler resume`"}');
CREATE TABLE reconciler_sweeping (
	apply_id INTEGER NOT NULL, 
	PRIMARY KEY (apply_id)
);
INSERT INTO "reconciler_sweeping" VALUES(7);
CREATE INDEX reconciler_applies_of_keyspace ON reconciler_applies (environment, keyspace, apply_id);
CREATE INDEX reconciler_events_of_apply ON reconciler_events (apply_id, event_id);
CREATE INDEX reconciler_requests_of_apply ON reconciler_requests (apply_id, request_id);
CREATE INDEX reconciler_split_requests_of_job ON reconciler_split_requests (job_id, request_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('reconciler_applies',1);
INSERT INTO "sqlite_sequence" VALUES('reconciler_split_jobs',1);
COMMIT;
