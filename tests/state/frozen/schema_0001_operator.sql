BEGIN TRANSACTION;
CREATE TABLE accepted_grants (
	job_audit_number INTEGER NOT NULL, 
	grant_id INTEGER NOT NULL, 
	PRIMARY KEY (job_audit_number, grant_id), 
	FOREIGN KEY(grant_id) REFERENCES grants (grant_id), 
	FOREIGN KEY(job_audit_number) REFERENCES audits (number)
);
INSERT INTO "accepted_grants" VALUES(4,1);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE audit_trail (
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	actor VARCHAR(160) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	subject VARCHAR(160) NOT NULL, 
	partner VARCHAR(128) NOT NULL, 
	clause VARCHAR(64) NOT NULL, 
	trace_id VARCHAR(128) NOT NULL, 
	request_digest VARCHAR(64) NOT NULL, 
	details JSON NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	chain VARCHAR(64) NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "audit_trail" VALUES(1,1800000000000,'node:bank','contract.received','contract:contract-b210770375e54b9a9717bb986e26ab39','bank','MGT-3.1','trace-own.peer.apply','ddabfb86b2b3614321e4a2de6486c1e61364aa53b18858423832f8997273541f','{"status":"APPLIED","fingerprint":"43bf29eb3c62c4b1cf3ec5806dd71df11373b11e5a1ede4d4faad50f286108f6"}','0000000000000000000000000000000000000000000000000000000000000000','c162424227aa6ba7cd40cd3b90b4d7db9220ad4e8d573538774a41fee253ccd1');
INSERT INTO "audit_trail" VALUES(2,1800000000000,'person:ann','contract.approve','contract:contract-b210770375e54b9a9717bb986e26ab39','bank','MGT-3.2','trace-own.peer.approve','','{"status":"APPROVED","fingerprint":"43bf29eb3c62c4b1cf3ec5806dd71df11373b11e5a1ede4d4faad50f286108f6"}','c162424227aa6ba7cd40cd3b90b4d7db9220ad4e8d573538774a41fee253ccd1','b13a3ad18ce7b22399b2101d31b59c16509671dce8447eb2da95ba090c18d473');
INSERT INTO "audit_trail" VALUES(3,1800000000000,'person:ann','contract.apply','contract:pending-208d68e3f0ff4180bbe70d066837054a','clearing','MGT-3.1','trace-own.peer.apply','','{"status":"APPLIED","fingerprint":""}','b13a3ad18ce7b22399b2101d31b59c16509671dce8447eb2da95ba090c18d473','92422cd0f6ff0edcc4c8d7c16020d343394d6df9fcd6f063b35a0649e415afa5');
INSERT INTO "audit_trail" VALUES(4,1800000000000,'node:clearing','contract.applied','contract:contract-2d42e103d0f044518fab3e4d5dc47069','clearing','MGT-3.1','trace-own.peer.apply','','{"status":"APPLIED","fingerprint":"","was":"pending-208d68e3f0ff4180bbe70d066837054a"}','92422cd0f6ff0edcc4c8d7c16020d343394d6df9fcd6f063b35a0649e415afa5','429a687017c3bb90983ffc82fb2d7951d6ce13209e60fb2c3ddec7adcf66429e');
INSERT INTO "audit_trail" VALUES(5,1800000000000,'node:clearing','contract.confirm','contract:contract-2d42e103d0f044518fab3e4d5dc47069','clearing','MGT-3.2','trace-own.peer.apply','aeba37e2ebdec4b70fad4ad07049b024d5831d224fd3accf815106bd71218677','{"status":"APPROVED","fingerprint":"7950498a86a06192a7e74b883a6fa44c2850a7b4e8af79c9c71abc2ed7ebe6dc"}','429a687017c3bb90983ffc82fb2d7951d6ce13209e60fb2c3ddec7adcf66429e','519c77e5e07adbee91b1ceb54f59c8f604d654e9fc737019d3ab4868167893f9');
INSERT INTO "audit_trail" VALUES(6,1800000000000,'node:clearing','contract.introduced','contract:contract-2d42e103d0f044518fab3e4d5dc47069','clearing','MGT-3.6','trace-own.peer.apply','','{"status":"APPROVED","fingerprint":"7950498a86a06192a7e74b883a6fa44c2850a7b4e8af79c9c71abc2ed7ebe6dc"}','519c77e5e07adbee91b1ceb54f59c8f604d654e9fc737019d3ab4868167893f9','f17f12ceebbccdbb2b50cb21a4554a52b024f55773c9b388947b5b6bfcb544c3');
INSERT INTO "audit_trail" VALUES(7,1800000000000,'person:ann','dataset.add','dataset:operator-table','','MGT-G2.2.2-dataset-upload','trace-own.dataset.add','','{"rows":3}','f17f12ceebbccdbb2b50cb21a4554a52b024f55773c9b388947b5b6bfcb544c3','7920e8af73933ab8c12703be226268891d4879e3ca945a8292b7d85984869a4a');
INSERT INTO "audit_trail" VALUES(8,1800000000000,'person:ann','dataset.publish','dataset:operator-table','','MGT-4.1','trace-own.dataset.publish','','{"rows":3}','7920e8af73933ab8c12703be226268891d4879e3ca945a8292b7d85984869a4a','3dfda6451a7ad44943fd6746eeb8bfb8f4b70cab5f150e9cc1ddd985a63434f3');
INSERT INTO "audit_trail" VALUES(9,1800000000000,'node:bank','dataset.receive','dataset:operator-table','bank','MGT-4.3','trace-own.dataset.request','8525ca37a29fc171e9665f6e2266238561a62a7f7cbd828a6fd3d63aed133849','{"status":"APPLIED","audit":"audit-934f7ae8349f4773bdf5ed131a333290","content":"8525ca37a29fc171e9665f6e2266238561a62a7f7cbd828a6fd3d63aed133849"}','3dfda6451a7ad44943fd6746eeb8bfb8f4b70cab5f150e9cc1ddd985a63434f3','a5147e2cb5875af2df873b1b28ddbd396886a08adf38bcca4afe0040475cf57e');
INSERT INTO "audit_trail" VALUES(10,1800000000000,'person:ann','dataset.approve','dataset:operator-table','bank','MGT-4.4','trace-own.audit.approve','','{"status":"APPROVED","audit":"audit-934f7ae8349f4773bdf5ed131a333290","content":"8525ca37a29fc171e9665f6e2266238561a62a7f7cbd828a6fd3d63aed133849"}','a5147e2cb5875af2df873b1b28ddbd396886a08adf38bcca4afe0040475cf57e','aef2e4b443307f5e9f3b147a6e1ee378d6f7cbba30a94628a3a03354c800690a');
INSERT INTO "audit_trail" VALUES(11,1800000000000,'node:bank','project.receive','project:project-1','bank','MGT-5.1','trace-own.project.create','d438a7dd074b2ef7ca47c70c624063d798fb0611c86666cbfb50a2573b1986a2','{"status":"APPLIED","audit":"audit-42d35a35728e4ca68e9052517af32e25","content":"d438a7dd074b2ef7ca47c70c624063d798fb0611c86666cbfb50a2573b1986a2"}','aef2e4b443307f5e9f3b147a6e1ee378d6f7cbba30a94628a3a03354c800690a','64b355eb14411877372577ea2b37fcc5499ebdc495431c3abfc865062bf54764');
INSERT INTO "audit_trail" VALUES(12,1800000000000,'person:ann','project.approve','project:project-1','bank','MGT-5.2','trace-own.audit.approve','','{"status":"APPROVED","audit":"audit-42d35a35728e4ca68e9052517af32e25","content":"d438a7dd074b2ef7ca47c70c624063d798fb0611c86666cbfb50a2573b1986a2"}','64b355eb14411877372577ea2b37fcc5499ebdc495431c3abfc865062bf54764','56b2b824a8345080fb04b7ac480707d3868dea354e4517763f3a789873a12328');
INSERT INTO "audit_trail" VALUES(13,1800000000000,'node:bank','flow.receive','flow:flow-1','bank','MGT-7.1','trace-own.flow.create','9dd63e50b27f2882a4de1596b9f77bf2e7bb2cf8ab31587f017d32ee36cc3c77','{"status":"APPLIED","audit":"audit-97fc0d81b13045298b8dd61333e8f8bf","content":"9dd63e50b27f2882a4de1596b9f77bf2e7bb2cf8ab31587f017d32ee36cc3c77"}','56b2b824a8345080fb04b7ac480707d3868dea354e4517763f3a789873a12328','8b05b365120ecdb3df063913648bc888d179ac157c861f6fad37ceff48ad0a69');
INSERT INTO "audit_trail" VALUES(14,1800000000000,'person:ann','flow.approve','flow:flow-1','bank','MGT-7.2','trace-own.audit.approve','','{"status":"APPROVED","audit":"audit-97fc0d81b13045298b8dd61333e8f8bf","content":"9dd63e50b27f2882a4de1596b9f77bf2e7bb2cf8ab31587f017d32ee36cc3c77"}','8b05b365120ecdb3df063913648bc888d179ac157c861f6fad37ceff48ad0a69','a3700dc1cdd7fce702760426831cab4b5bbba103e6c9b4ae8107703577820b99');
INSERT INTO "audit_trail" VALUES(15,1800000000000,'node:bank','job.receive','job:job-38c74b4f1a5548a7bbe35f145ed8ac4b','bank','MGT-8.1','trace-own.job.propose','9ba5048d14bcb5adcf65873db43bc5a1b7bc44816f08ab56a46c23dc9f7d2af3','{"status":"APPLIED","audit":"audit-b73c3343262d4d5e95db550178039a24","content":"9ba5048d14bcb5adcf65873db43bc5a1b7bc44816f08ab56a46c23dc9f7d2af3"}','a3700dc1cdd7fce702760426831cab4b5bbba103e6c9b4ae8107703577820b99','33c11a89882712763ffec425fe340a6ea570a396bfbdfa027eafc1b53bdd88ba');
INSERT INTO "audit_trail" VALUES(16,1800000000000,'person:ann','job.approve','job:job-38c74b4f1a5548a7bbe35f145ed8ac4b','bank','MGT-8.2','trace-own.audit.approve','','{"status":"APPROVED","audit":"audit-b73c3343262d4d5e95db550178039a24","content":"9ba5048d14bcb5adcf65873db43bc5a1b7bc44816f08ab56a46c23dc9f7d2af3"}','33c11a89882712763ffec425fe340a6ea570a396bfbdfa027eafc1b53bdd88ba','406748958070c8036618a2d2b51734177c3c3c355510d1f98456643ddad1d729');
INSERT INTO "audit_trail" VALUES(17,1800000000000,'node:bank','dataset.receive','dataset:operator-table','bank','MGT-4.3','trace-own.dataset.request','144ed7a4ca9c74a13bffc3e483528231c8fc403d6945a7bcbfa96142be86286b','{"status":"APPLIED","audit":"audit-62848b38b2dd4d8c8b704136881a46ee","content":"144ed7a4ca9c74a13bffc3e483528231c8fc403d6945a7bcbfa96142be86286b"}','406748958070c8036618a2d2b51734177c3c3c355510d1f98456643ddad1d729','e947c3a14a33477fc3e7d13751a8862214660d754b1d4945e4a8f6c28c7d6c34');
CREATE TABLE audits (
	number INTEGER NOT NULL, 
	audit_id VARCHAR(128) NOT NULL, 
	node_id VARCHAR(128) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	subject_id VARCHAR(128) NOT NULL, 
	direction VARCHAR(16) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	content JSON NOT NULL, 
	content_digest VARCHAR(64) NOT NULL, 
	trace_id VARCHAR(256) NOT NULL, 
	applied_at INTEGER NOT NULL, 
	decided_at INTEGER, 
	decided_by VARCHAR(160) NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (audit_id)
);
INSERT INTO "audits" VALUES(1,'audit-934f7ae8349f4773bdf5ed131a333290','bank','DATASET','operator-table','PARTNER','APPROVED','{"audit_id":"audit-934f7ae8349f4773bdf5ed131a333290","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","dataset_id":"operator-table"}','8525ca37a29fc171e9665f6e2266238561a62a7f7cbd828a6fd3d63aed133849','trace-own.dataset.request',1800000000000,1800000000000,'person:ann','');
INSERT INTO "audits" VALUES(2,'audit-42d35a35728e4ca68e9052517af32e25','bank','PROJECT','project-1','PARTNER','APPROVED','{"audit_id":"audit-42d35a35728e4ca68e9052517af32e25","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","name":"p","project_id":"project-1"}','d438a7dd074b2ef7ca47c70c624063d798fb0611c86666cbfb50a2573b1986a2','trace-own.project.create',1800000000000,1800000000000,'person:ann','');
INSERT INTO "audits" VALUES(3,'audit-97fc0d81b13045298b8dd61333e8f8bf','bank','FLOW','flow-1','PARTNER','APPROVED','{"audit_id":"audit-97fc0d81b13045298b8dd61333e8f8bf","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"flow_id":"flow-1","name":"f","project_id":"project-1"}','9dd63e50b27f2882a4de1596b9f77bf2e7bb2cf8ab31587f017d32ee36cc3c77','trace-own.flow.create',1800000000000,1800000000000,'person:ann','');
INSERT INTO "audits" VALUES(4,'audit-b73c3343262d4d5e95db550178039a24','bank','JOB','job-38c74b4f1a5548a7bbe35f145ed8ac4b','PARTNER','APPROVED','{"audit_id":"audit-b73c3343262d4d5e95db550178039a24","job_id":"job-38c74b4f1a5548a7bbe35f145ed8ac4b","flow_id":"flow-1","name":"job","project_id":"project-1","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"conf":{"version":"1.0","initiator":{"role":"guest","node_id":"bank"},"role":{"guest":["bank"],"host":["operator"]},"job_params":{"common":{"scheduler":"clearing"}},"task_params":{"common":{},"guest":{"0":{"psi-1":{"dataset_id":"bank-table"}}},"host":{"0":{"psi-1":{"dataset_id":"operator-table"}}}}}}','9ba5048d14bcb5adcf65873db43bc5a1b7bc44816f08ab56a46c23dc9f7d2af3','trace-own.job.propose',1800000000000,1800000000000,'person:ann','');
INSERT INTO "audits" VALUES(5,'audit-62848b38b2dd4d8c8b704136881a46ee','bank','DATASET','operator-table','PARTNER','APPLIED','{"audit_id":"audit-62848b38b2dd4d8c8b704136881a46ee","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","dataset_id":"operator-table"}','144ed7a4ca9c74a13bffc3e483528231c8fc403d6945a7bcbfa96142be86286b','trace-own.dataset.request',1800000000000,NULL,'','');
CREATE TABLE component_runs (
	task_id VARCHAR(128) NOT NULL, 
	role VARCHAR(64) NOT NULL, 
	ordinal INTEGER NOT NULL, 
	job_id VARCHAR(128) NOT NULL, 
	content JSON NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	token_digest VARCHAR(64) NOT NULL, 
	reported VARCHAR(16) NOT NULL, 
	reported_reason TEXT NOT NULL, 
	reported_at INTEGER, 
	progress JSON NOT NULL, 
	stop_reason TEXT NOT NULL, 
	exit_status INTEGER, 
	status VARCHAR(16) NOT NULL, 
	reason TEXT NOT NULL, 
	ordered_at INTEGER NOT NULL, 
	launched_at INTEGER, 
	ended_at INTEGER, 
	PRIMARY KEY (task_id, role, ordinal)
);
CREATE TABLE contracts (
	number INTEGER NOT NULL, 
	contract_id VARCHAR(128) NOT NULL, 
	provisional BOOLEAN NOT NULL, 
	node_id VARCHAR(128) NOT NULL, 
	inst_id VARCHAR(128) NOT NULL, 
	institution VARCHAR(256) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	address VARCHAR(512) NOT NULL, 
	system VARCHAR(256) NOT NULL, 
	system_version VARCHAR(256) NOT NULL, 
	description TEXT NOT NULL, 
	direction VARCHAR(16) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	auth_type VARCHAR(32) NOT NULL, 
	auth_credential TEXT NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	expected_fingerprint VARCHAR(128) NOT NULL, 
	key_proven BOOLEAN NOT NULL, 
	key_compared BOOLEAN NOT NULL, 
	expired_time INTEGER, 
	dialect VARCHAR(32) NOT NULL, 
	repeat_of VARCHAR(200) NOT NULL, 
	trace_id VARCHAR(256) NOT NULL, 
	reason TEXT NOT NULL, 
	applied_at INTEGER NOT NULL, 
	decided_at INTEGER, 
	PRIMARY KEY (number), 
	UNIQUE (contract_id)
);
INSERT INTO "contracts" VALUES(1,'contract-b210770375e54b9a9717bb986e26ab39',0,'bank','inst-bank','Institute bank','Node bank','https://bank.example:7304','interconn','1.0','','PARTNER','APPROVED','SHA256_ECDSA','-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEukxHr4hfvLFIiyHS32sb7tgP9+6m
QUcw8+T/qkT9gWWdyioSzhVD1aKiDrXozZBHGIDNr5wbqYP7E6bx9Wfgww==
-----END PUBLIC KEY-----
','43bf29eb3c62c4b1cf3ec5806dd71df11373b11e5a1ede4d4faad50f286108f6','',1,1,NULL,'standard','trace-own.peer.apply ddabfb86b2b3614321e4a2de6486c1e61364aa53b18858423832f8997273541f','trace-own.peer.apply','',1800000000000,1800000000000);
INSERT INTO "contracts" VALUES(2,'contract-2d42e103d0f044518fab3e4d5dc47069',0,'clearing','inst-clearing','Institute clearing','Node clearing','https://clearing.example:7304','interconn','1.0','','APPLICANT','APPROVED','SHA256_ECDSA','-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9Be84JXFuNtUtBJsyFxUhKpUpzeu
gYTWvdtpAzCbHoWTsyCL4BQaeiKEnDHuzjj45NwSAOkFdYGkC2Xiw9t3tQ==
-----END PUBLIC KEY-----
','7950498a86a06192a7e74b883a6fa44c2850a7b4e8af79c9c71abc2ed7ebe6dc','7950498a86a06192a7e74b883a6fa44c2850a7b4e8af79c9c71abc2ed7ebe6dc',1,1,NULL,'standard','','trace-own.peer.apply','',1800000000000,1800000000000);
CREATE TABLE control_jobs (
	job_id VARCHAR(128) NOT NULL, 
	flow_id VARCHAR(128) NOT NULL, 
	content JSON NOT NULL, 
	dag_digest VARCHAR(64) NOT NULL, 
	config_digest VARCHAR(64) NOT NULL, 
	initiator VARCHAR(128) NOT NULL, 
	scheduler VARCHAR(128) NOT NULL, 
	scheduling BOOLEAN NOT NULL, 
	submission VARCHAR(16) NOT NULL, 
	admitted BOOLEAN NOT NULL, 
	opened BOOLEAN NOT NULL, 
	stopped JSON NOT NULL, 
	stops JSON NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	reason TEXT NOT NULL, 
	closed BOOLEAN NOT NULL, 
	reported JSON NOT NULL, 
	trace_id VARCHAR(256) NOT NULL, 
	created_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	PRIMARY KEY (job_id)
);
CREATE TABLE control_lanes (
	task_id VARCHAR(128) NOT NULL, 
	role VARCHAR(64) NOT NULL, 
	ordinal INTEGER NOT NULL, 
	node_id VARCHAR(128) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	progress JSON NOT NULL, 
	reason TEXT NOT NULL, 
	started_at INTEGER, 
	ended_at INTEGER, 
	PRIMARY KEY (task_id, role, ordinal), 
	FOREIGN KEY(task_id) REFERENCES control_tasks (task_id)
);
CREATE TABLE control_members (
	job_id VARCHAR(128) NOT NULL, 
	node_id VARCHAR(128) NOT NULL, 
	accepted BOOLEAN NOT NULL, 
	opened BOOLEAN NOT NULL, 
	informed BOOLEAN NOT NULL, 
	PRIMARY KEY (job_id, node_id), 
	FOREIGN KEY(job_id) REFERENCES control_jobs (job_id)
);
CREATE TABLE control_tasks (
	task_id VARCHAR(128) NOT NULL, 
	job_id VARCHAR(128) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	told JSON NOT NULL, 
	created_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	PRIMARY KEY (task_id), 
	FOREIGN KEY(job_id) REFERENCES control_jobs (job_id)
);
CREATE TABLE datasets (
	dataset_id VARCHAR(128) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	description TEXT, 
	category TEXT, 
	count INTEGER NOT NULL, 
	key_columns JSON NOT NULL, 
	label_columns JSON NOT NULL, 
	column_metas JSON NOT NULL, 
	namespace VARCHAR(200) NOT NULL, 
	stored_name VARCHAR(200) NOT NULL, 
	published BOOLEAN NOT NULL, 
	findings JSON NOT NULL, 
	added_at INTEGER NOT NULL, 
	PRIMARY KEY (dataset_id), 
	UNIQUE (namespace, stored_name)
);
INSERT INTO "datasets" VALUES('operator-table','table',NULL,NULL,3,'["id"]','[]','[{"name":"id","data_type":"bigint","distribution":"CONTINUOUS"},{"name":"name","data_type":"varchar","distribution":"DISCRETE"},{"name":"age","data_type":"double","distribution":"CONTINUOUS"},{"name":"good","data_type":"boolean","distribution":"DISCRETE"}]','datasets','operator-table',1,'[]',1800000000000);
CREATE TABLE flows (
	initiator VARCHAR(128) NOT NULL, 
	flow_id VARCHAR(128) NOT NULL, 
	project_id VARCHAR(128) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	description TEXT, 
	dag JSON NOT NULL, 
	dag_digest VARCHAR(64) NOT NULL, 
	created_at INTEGER NOT NULL, 
	PRIMARY KEY (initiator, flow_id)
);
INSERT INTO "flows" VALUES('bank','flow-1','project-1','f',NULL,'{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]}','c0f3f2869d7e63a586bdca43dc88bb3fb5aba09d62097c1cbba7112e3a458350',1800000000000);
CREATE TABLE grant_uses (
	grant_id INTEGER NOT NULL, 
	job_id VARCHAR(128) NOT NULL, 
	used_at INTEGER NOT NULL, 
	PRIMARY KEY (grant_id, job_id), 
	FOREIGN KEY(grant_id) REFERENCES grants (grant_id)
);
CREATE TABLE grants (
	grant_id INTEGER NOT NULL, 
	audit_number INTEGER NOT NULL, 
	contract_id VARCHAR(128) NOT NULL, 
	token_digest VARCHAR(64) NOT NULL, 
	resource_type VARCHAR(32) NOT NULL, 
	resource_id VARCHAR(128) NOT NULL, 
	resource_level INTEGER NOT NULL, 
	user_node_id VARCHAR(128) NOT NULL, 
	user_inst_id VARCHAR(128) NOT NULL, 
	auth_scope JSON NOT NULL, 
	time_limit INTEGER, 
	times_limit INTEGER, 
	PRIMARY KEY (grant_id), 
	FOREIGN KEY(audit_number) REFERENCES audits (number), 
	UNIQUE (audit_number), 
	UNIQUE (token_digest)
);
INSERT INTO "grants" VALUES(1,1,'contract-b210770375e54b9a9717bb986e26ab39','0fc0067212dcda0fe328a67fcbb99c497504e1d9fccd2ed5e99482f138c0e767','DATASET','operator-table',1,'bank','inst-bank','{}',NULL,NULL);
CREATE TABLE outbox (
	message_id INTEGER NOT NULL, 
	node_id VARCHAR(128) NOT NULL, 
	endpoint VARCHAR(64) NOT NULL, 
	body JSON NOT NULL, 
	permits TEXT NOT NULL, 
	trace_id VARCHAR(128) NOT NULL, 
	reference VARCHAR(128) NOT NULL, 
	insists BOOLEAN NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	refusals INTEGER NOT NULL, 
	due_at INTEGER NOT NULL, 
	created_at INTEGER NOT NULL, 
	last_error TEXT NOT NULL, 
	PRIMARY KEY (message_id)
);
INSERT INTO "outbox" VALUES(1,'bank','contract.confirm','{"contract_id":"contract-b210770375e54b9a9717bb986e26ab39","status":"APPROVED","auth_credential":"-----BEGIN PUBLIC KEY-----\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAy/4rfgaQeVrkCixaV1eO\nUw3vOI5KzLArt9ZYoLWb0TdGYqQnY3zaQKX0nC8ZWqqq5faiwqZICnUrlkMr5qU8\n96fTWFV7y9Vg+B5BlUARtWggjVRXv01MbeJvu2thFicXaC6W6qZdGJNJ0g4gD6xj\nhBL0Xy6J13XT7mkFB0ABc/DQRak8nTT9yEnQwLRhHfB8QuzfbNJHzTguC3Q6TdkU\nLrJVEKr5jwsr8nlm1N8vCYyDhGpQCpMIyrLuW+rbX5ThGfIjSXcKWE0kbglYtd14\ny8CcJssWesNqBagffNf/oWlPWi6XHhMJAD7J1o/R6QU8WsUYlKAdwJF7c98hwGkv\nPqqDDDo4W1rUJ/ggpxEBWpIwYl+CGs1D0/HZreSlM4B/BYvvOqTbnvhUOqrCWQOH\nUXndFaTmWYYB0JVtWXBGtOzyAdYTEH7N0K1k2vLumoy1A9lzAKxro/gNSgxaj9Au\nh8PdGFblNo4flR9Ncxu2jirJ1iNdq/vvXW0xtW347WF1AgMBAAE=\n-----END PUBLIC KEY-----\n","auth_type":"SHA256_RSA","expired_time":253402300799000}','','trace-own.peer.apply','contract-b210770375e54b9a9717bb986e26ab39',1,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(2,'clearing','contract.apply','{"address":"https://operator.example:7304","auth_credential":"-----BEGIN PUBLIC KEY-----\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAy/4rfgaQeVrkCixaV1eO\nUw3vOI5KzLArt9ZYoLWb0TdGYqQnY3zaQKX0nC8ZWqqq5faiwqZICnUrlkMr5qU8\n96fTWFV7y9Vg+B5BlUARtWggjVRXv01MbeJvu2thFicXaC6W6qZdGJNJ0g4gD6xj\nhBL0Xy6J13XT7mkFB0ABc/DQRak8nTT9yEnQwLRhHfB8QuzfbNJHzTguC3Q6TdkU\nLrJVEKr5jwsr8nlm1N8vCYyDhGpQCpMIyrLuW+rbX5ThGfIjSXcKWE0kbglYtd14\ny8CcJssWesNqBagffNf/oWlPWi6XHhMJAD7J1o/R6QU8WsUYlKAdwJF7c98hwGkv\nPqqDDDo4W1rUJ/ggpxEBWpIwYl+CGs1D0/HZreSlM4B/BYvvOqTbnvhUOqrCWQOH\nUXndFaTmWYYB0JVtWXBGtOzyAdYTEH7N0K1k2vLumoy1A9lzAKxro/gNSgxaj9Au\nh8PdGFblNo4flR9Ncxu2jirJ1iNdq/vvXW0xtW347WF1AgMBAAE=\n-----END PUBLIC KEY-----\n","auth_type":"SHA256_RSA","inst_id":"inst-operator","institution":"Institute operator","name":"Node operator","node_id":"operator","system":"interconn","system_version":"1.0"}','','trace-own.peer.apply','pending-208d68e3f0ff4180bbe70d066837054a',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(3,'clearing','node.query','{"node_id":"clearing"}','','trace-own.peer.apply','contract-2d42e103d0f044518fab3e4d5dc47069',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(4,'bank','dataset.confirm','{"audit_id":"audit-934f7ae8349f4773bdf5ed131a333290","status":"APPROVED"}','','trace-own.dataset.request','audit-934f7ae8349f4773bdf5ed131a333290',1,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(5,'bank','project.confirm','{"audit_id":"audit-42d35a35728e4ca68e9052517af32e25","status":"APPROVED"}','','trace-own.project.create','audit-42d35a35728e4ca68e9052517af32e25',1,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(6,'bank','flow.confirm','{"audit_id":"audit-97fc0d81b13045298b8dd61333e8f8bf","status":"APPROVED"}','','trace-own.flow.create','audit-97fc0d81b13045298b8dd61333e8f8bf',1,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(7,'bank','job.confirm','{"audit_id":"audit-b73c3343262d4d5e95db550178039a24","status":"APPROVED"}','','trace-own.job.propose','audit-b73c3343262d4d5e95db550178039a24',1,'DELIVERED',0,0,0,1800000000000,'');
CREATE TABLE permits (
	audit_number INTEGER NOT NULL, 
	holder_node_id VARCHAR(128) NOT NULL, 
	holder_inst_id VARCHAR(128) NOT NULL, 
	token VARCHAR(512) NOT NULL, 
	resource_type VARCHAR(256) NOT NULL, 
	resource_id VARCHAR(128) NOT NULL, 
	resource_level INTEGER NOT NULL, 
	time_limit INTEGER, 
	times_limit INTEGER, 
	PRIMARY KEY (audit_number), 
	FOREIGN KEY(audit_number) REFERENCES audits (number)
);
CREATE TABLE projects (
	initiator VARCHAR(128) NOT NULL, 
	project_id VARCHAR(128) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	type VARCHAR(32), 
	description TEXT, 
	created_at INTEGER NOT NULL, 
	PRIMARY KEY (initiator, project_id)
);
INSERT INTO "projects" VALUES('bank','project-1','p',NULL,NULL,1800000000000);
CREATE TABLE proposed_jobs (
	job_id VARCHAR(128) NOT NULL, 
	initiator VARCHAR(128) NOT NULL, 
	flow_id VARCHAR(128) NOT NULL, 
	project_id VARCHAR(128) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	dag JSON NOT NULL, 
	config JSON NOT NULL, 
	dag_digest VARCHAR(64) NOT NULL, 
	config_digest VARCHAR(64) NOT NULL, 
	scheduler VARCHAR(128) NOT NULL, 
	proposed_at INTEGER NOT NULL, 
	PRIMARY KEY (job_id)
);
INSERT INTO "proposed_jobs" VALUES('job-38c74b4f1a5548a7bbe35f145ed8ac4b','bank','flow-1','project-1','job','{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]}','{"version":"1.0","initiator":{"role":"guest","node_id":"bank"},"role":{"guest":["bank"],"host":["operator"]},"job_params":{"common":{"scheduler":"clearing"}},"task_params":{"common":{},"guest":{"0":{"psi-1":{"dataset_id":"bank-table"}}},"host":{"0":{"psi-1":{"dataset_id":"operator-table"}}}}}','c0f3f2869d7e63a586bdca43dc88bb3fb5aba09d62097c1cbba7112e3a458350','d512a04f46eae9de7e4d50af23877ba52d0197d35f1c48d182f8dd126d460763','clearing',1800000000000);
CREATE TABLE transport_sessions (
	session_id VARCHAR(128) NOT NULL, 
	task_id VARCHAR(128) NOT NULL, 
	tokens JSON NOT NULL, 
	parties JSON NOT NULL, 
	opened_at INTEGER NOT NULL, 
	closed_at INTEGER, 
	sent_messages INTEGER NOT NULL, 
	sent_bytes INTEGER NOT NULL, 
	received_messages INTEGER NOT NULL, 
	received_bytes INTEGER NOT NULL, 
	PRIMARY KEY (session_id, task_id)
);
CREATE INDEX ix_audit_trail_subject ON audit_trail (subject);
CREATE INDEX ix_audits_kind ON audits (kind);
CREATE INDEX ix_audits_node_id ON audits (node_id);
CREATE INDEX ix_audits_status ON audits (status);
CREATE INDEX ix_audits_subject_id ON audits (subject_id);
CREATE INDEX ix_component_runs_job_id ON component_runs (job_id);
CREATE INDEX ix_component_runs_state ON component_runs (state);
CREATE INDEX ix_contracts_node_id ON contracts (node_id);
CREATE INDEX ix_contracts_repeat_of ON contracts (repeat_of);
CREATE INDEX ix_contracts_status ON contracts (status);
CREATE INDEX ix_control_jobs_closed ON control_jobs (closed);
CREATE INDEX ix_control_jobs_status ON control_jobs (status);
CREATE INDEX ix_outbox_node_id ON outbox (node_id);
CREATE INDEX ix_outbox_state ON outbox (state);
CREATE INDEX ix_control_tasks_job_id ON control_tasks (job_id);
CREATE INDEX ix_grants_resource_id ON grants (resource_id);
CREATE INDEX ix_grants_user_node_id ON grants (user_node_id);
CREATE INDEX ix_permits_holder_node_id ON permits (holder_node_id);
CREATE INDEX ix_permits_resource_id ON permits (resource_id);
COMMIT;
