BEGIN TRANSACTION;
CREATE TABLE accepted_grants (
	job_audit_number INTEGER NOT NULL, 
	grant_id INTEGER NOT NULL, 
	PRIMARY KEY (job_audit_number, grant_id), 
	FOREIGN KEY(grant_id) REFERENCES grants (grant_id), 
	FOREIGN KEY(job_audit_number) REFERENCES audits (number)
);
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
INSERT INTO "audit_trail" VALUES(1,1800000000000,'person:ann','contract.apply','contract:pending-95864f00d9444eca85ec44fa431b7e72','operator','MGT-3.1','trace-own.peer.apply','','{"status":"APPLIED","fingerprint":""}','0000000000000000000000000000000000000000000000000000000000000000','0183e8409adf29057f63f640bc43a2c153ea3b08654f5afb24d7c3ba6e4b5c36');
INSERT INTO "audit_trail" VALUES(2,1800000000000,'node:operator','contract.applied','contract:contract-b210770375e54b9a9717bb986e26ab39','operator','MGT-3.1','trace-own.peer.apply','','{"status":"APPLIED","fingerprint":"","was":"pending-95864f00d9444eca85ec44fa431b7e72"}','0183e8409adf29057f63f640bc43a2c153ea3b08654f5afb24d7c3ba6e4b5c36','a48ce6b19af355f30f3adf17c353259d130edb1edc04a6d589df01d188f43f1e');
INSERT INTO "audit_trail" VALUES(3,1800000000000,'node:operator','contract.confirm','contract:contract-b210770375e54b9a9717bb986e26ab39','operator','MGT-3.2','trace-own.peer.apply','9304fa3681d24c4d63e53d3f3850dc622e9ce3ca267234643a9bc611638e5d6f','{"status":"APPROVED","fingerprint":"bb1994c1429466003c3202eff7ffba0b1d89d502dbd3ddced80a2204e55b5d15"}','a48ce6b19af355f30f3adf17c353259d130edb1edc04a6d589df01d188f43f1e','d33f4c97b28cd6c6645aaabb6ed986fce37866d26d53f7993f2035bab78fb866');
INSERT INTO "audit_trail" VALUES(4,1800000000000,'node:operator','contract.introduced','contract:contract-b210770375e54b9a9717bb986e26ab39','operator','MGT-3.6','trace-own.peer.apply','','{"status":"APPROVED","fingerprint":"bb1994c1429466003c3202eff7ffba0b1d89d502dbd3ddced80a2204e55b5d15"}','d33f4c97b28cd6c6645aaabb6ed986fce37866d26d53f7993f2035bab78fb866','a62e7f5266d69d709029ee05f6720c616e0f183a290a842e3b5750ecc852ab3e');
INSERT INTO "audit_trail" VALUES(5,1800000000000,'person:ann','contract.apply','contract:pending-a3737eb8b9c04e8f927b9f1b0bf8144f','clearing','MGT-3.1','trace-own.peer.apply','','{"status":"APPLIED","fingerprint":""}','a62e7f5266d69d709029ee05f6720c616e0f183a290a842e3b5750ecc852ab3e','caeab1e73167af349c54d22afefb30c3246c1450843009a74298a004cf19cbd7');
INSERT INTO "audit_trail" VALUES(6,1800000000000,'node:clearing','contract.applied','contract:contract-6f9de8bf0efc428b986f8ca01ff1e821','clearing','MGT-3.1','trace-own.peer.apply','','{"status":"APPLIED","fingerprint":"","was":"pending-a3737eb8b9c04e8f927b9f1b0bf8144f"}','caeab1e73167af349c54d22afefb30c3246c1450843009a74298a004cf19cbd7','30d50e84e87f74d2c4f7ba3cff26cf6ef9b836a77b8a3052d31b2bdd0869ae77');
INSERT INTO "audit_trail" VALUES(7,1800000000000,'node:clearing','contract.confirm','contract:contract-6f9de8bf0efc428b986f8ca01ff1e821','clearing','MGT-3.2','trace-own.peer.apply','0d723e8006571bb9f2ca83af3df3386384dab3e974c689fe6efa980caf8f2a11','{"status":"APPROVED","fingerprint":"7950498a86a06192a7e74b883a6fa44c2850a7b4e8af79c9c71abc2ed7ebe6dc"}','30d50e84e87f74d2c4f7ba3cff26cf6ef9b836a77b8a3052d31b2bdd0869ae77','a5ec8d3579f488d3fedbc21110c1590079b08b672bffaf8004ec91b741b6f000');
INSERT INTO "audit_trail" VALUES(8,1800000000000,'node:clearing','contract.introduced','contract:contract-6f9de8bf0efc428b986f8ca01ff1e821','clearing','MGT-3.6','trace-own.peer.apply','','{"status":"APPROVED","fingerprint":"7950498a86a06192a7e74b883a6fa44c2850a7b4e8af79c9c71abc2ed7ebe6dc"}','a5ec8d3579f488d3fedbc21110c1590079b08b672bffaf8004ec91b741b6f000','0e049fffe26ff315ce70dd8eb69868b207e4dd238f04641041b9c7e475cd1459');
INSERT INTO "audit_trail" VALUES(9,1800000000000,'person:ann','dataset.add','dataset:bank-table','','MGT-G2.2.2-dataset-upload','trace-own.dataset.add','','{"rows":3}','0e049fffe26ff315ce70dd8eb69868b207e4dd238f04641041b9c7e475cd1459','2e2a2d9b31dded4c35a65d100dce3132f96b75a7b8f9b7b88bcde0c13b1f4aae');
INSERT INTO "audit_trail" VALUES(10,1800000000000,'person:ann','dataset.apply','dataset:operator-table','operator','MGT-4.3','trace-own.dataset.request','','{"status":"APPLIED","audit":"audit-934f7ae8349f4773bdf5ed131a333290","content":"8525ca37a29fc171e9665f6e2266238561a62a7f7cbd828a6fd3d63aed133849"}','2e2a2d9b31dded4c35a65d100dce3132f96b75a7b8f9b7b88bcde0c13b1f4aae','c0d9cbfbde4321fed68342d634e872e8490ec0061c0e1381019da0b317d348d5');
INSERT INTO "audit_trail" VALUES(11,1800000000000,'node:operator','dataset.confirm','dataset:operator-table','operator','MGT-4.4','trace-own.dataset.request','05927713bb500e421b7eb2b6a5272fa770fa2ac1cd4c1d565f5fbfc6db22a743','{"status":"APPROVED","audit":"audit-934f7ae8349f4773bdf5ed131a333290","content":"8525ca37a29fc171e9665f6e2266238561a62a7f7cbd828a6fd3d63aed133849"}','c0d9cbfbde4321fed68342d634e872e8490ec0061c0e1381019da0b317d348d5','517dd63d6783e024acab9a13414c42011cc9744afde18139c41a369c61d899a8');
INSERT INTO "audit_trail" VALUES(12,1800000000000,'person:ann','project.apply','project:project-1','operator','MGT-5.1','trace-own.project.create','','{"status":"APPLIED","audit":"audit-42d35a35728e4ca68e9052517af32e25","content":"d438a7dd074b2ef7ca47c70c624063d798fb0611c86666cbfb50a2573b1986a2"}','517dd63d6783e024acab9a13414c42011cc9744afde18139c41a369c61d899a8','f9a796985d0c777729ccaf953c4114662b3b7b22461e03ec91708c84f2f0e472');
INSERT INTO "audit_trail" VALUES(13,1800000000000,'person:ann','project.apply','project:project-1','clearing','MGT-5.1','trace-own.project.create','','{"status":"APPLIED","audit":"audit-9b0b275ee6644c33821059e9446b8b4f","content":"ba03f46e995e3285551793955179cbd980a29d3521a2909082c455aa70fdf200"}','f9a796985d0c777729ccaf953c4114662b3b7b22461e03ec91708c84f2f0e472','3d83124d581182a6deb7e7284af5f57f6f8b21811ffd7512fc1d1837e9520f33');
INSERT INTO "audit_trail" VALUES(14,1800000000000,'node:operator','project.confirm','project:project-1','operator','MGT-5.2','trace-own.project.create','37506848b9a2a05eac904ac555a8f48dfc8dd699cc189a1dd5c87af3f0e97990','{"status":"APPROVED","audit":"audit-42d35a35728e4ca68e9052517af32e25","content":"d438a7dd074b2ef7ca47c70c624063d798fb0611c86666cbfb50a2573b1986a2"}','3d83124d581182a6deb7e7284af5f57f6f8b21811ffd7512fc1d1837e9520f33','10b33608bba9649a5f263f02bccccdac0ac020fc95f9fdf8ed2639e67f9bed0c');
INSERT INTO "audit_trail" VALUES(15,1800000000000,'node:clearing','project.confirm','project:project-1','clearing','MGT-5.2','trace-own.project.create','a2ae929d1b76a114d10d65937f93282dba8bb73efba953fcf2335a4856daa682','{"status":"APPROVED","audit":"audit-9b0b275ee6644c33821059e9446b8b4f","content":"ba03f46e995e3285551793955179cbd980a29d3521a2909082c455aa70fdf200"}','10b33608bba9649a5f263f02bccccdac0ac020fc95f9fdf8ed2639e67f9bed0c','7dcd09bae0595e5dfc9d3498d66468d88ee08324b96a2de890af488486063db9');
INSERT INTO "audit_trail" VALUES(16,1800000000000,'person:ann','flow.apply','flow:flow-1','operator','MGT-7.1','trace-own.flow.create','','{"status":"APPLIED","audit":"audit-97fc0d81b13045298b8dd61333e8f8bf","content":"9dd63e50b27f2882a4de1596b9f77bf2e7bb2cf8ab31587f017d32ee36cc3c77"}','7dcd09bae0595e5dfc9d3498d66468d88ee08324b96a2de890af488486063db9','18706dada20ddc49e1660b4466f84a42952e82d6e658fa463af3ffd93a46b05b');
INSERT INTO "audit_trail" VALUES(17,1800000000000,'person:ann','flow.apply','flow:flow-1','clearing','MGT-7.1','trace-own.flow.create','','{"status":"APPLIED","audit":"audit-47fa71b21efb46b6a65f9d582a3c19bf","content":"92c12c046e0f803c818e2ecd8e6f99a26846ee16fdc5e09b4e6050ecf80efefc"}','18706dada20ddc49e1660b4466f84a42952e82d6e658fa463af3ffd93a46b05b','5fb7ca19a9ba79524f40b7ee01c0c37f1bd63e3680203304be718292cb7db93c');
INSERT INTO "audit_trail" VALUES(18,1800000000000,'node:operator','flow.confirm','flow:flow-1','operator','MGT-7.2','trace-own.flow.create','f2390e9f8d56e77237f372f197021ad085fd1f2d957525e9762455be8b987b95','{"status":"APPROVED","audit":"audit-97fc0d81b13045298b8dd61333e8f8bf","content":"9dd63e50b27f2882a4de1596b9f77bf2e7bb2cf8ab31587f017d32ee36cc3c77"}','5fb7ca19a9ba79524f40b7ee01c0c37f1bd63e3680203304be718292cb7db93c','577f3693f4952f500f928753a2802bd10a7fa0998fcd6063d4fff50eb36aebc6');
INSERT INTO "audit_trail" VALUES(19,1800000000000,'node:clearing','flow.confirm','flow:flow-1','clearing','MGT-7.2','trace-own.flow.create','dfea6df6db2bb5d27c3e490ca04533f5b5a538b8019d6d66cf66bb4ae617766f','{"status":"APPROVED","audit":"audit-47fa71b21efb46b6a65f9d582a3c19bf","content":"92c12c046e0f803c818e2ecd8e6f99a26846ee16fdc5e09b4e6050ecf80efefc"}','577f3693f4952f500f928753a2802bd10a7fa0998fcd6063d4fff50eb36aebc6','be4ab41ebcdc052bb083d0c9c4112c87efd545755120973d80e7cab1eac86496');
INSERT INTO "audit_trail" VALUES(20,1800000000000,'person:ann','job.apply','job:job-38c74b4f1a5548a7bbe35f145ed8ac4b','clearing','MGT-8.1','trace-own.job.propose','','{"status":"APPLIED","audit":"audit-fa467908f7504bdaaa03d9e784f81af0","content":"aaeb39d1e66ef951a86bb338f63aaf34b9fb6cd1dac34c81879086d3726b4236"}','be4ab41ebcdc052bb083d0c9c4112c87efd545755120973d80e7cab1eac86496','08b68fa608af65dd46d56fa62b558fbc0ca326b3b9d27b0bcb441ed453ec0cc3');
INSERT INTO "audit_trail" VALUES(21,1800000000000,'person:ann','job.apply','job:job-38c74b4f1a5548a7bbe35f145ed8ac4b','operator','MGT-8.1','trace-own.job.propose','','{"status":"APPLIED","audit":"audit-b73c3343262d4d5e95db550178039a24","content":"9ba5048d14bcb5adcf65873db43bc5a1b7bc44816f08ab56a46c23dc9f7d2af3"}','08b68fa608af65dd46d56fa62b558fbc0ca326b3b9d27b0bcb441ed453ec0cc3','4dce10e0bb7d484db8f303b7173cf533ac77da28afc6ec752bfe1bb8404c1a01');
INSERT INTO "audit_trail" VALUES(22,1800000000000,'node:operator','job.confirm','job:job-38c74b4f1a5548a7bbe35f145ed8ac4b','operator','MGT-8.2','trace-own.job.propose','33f76637f526240474b1acc7328e13c46581b9ca12c8ffa4ad6b97cf9869f747','{"status":"APPROVED","audit":"audit-b73c3343262d4d5e95db550178039a24","content":"9ba5048d14bcb5adcf65873db43bc5a1b7bc44816f08ab56a46c23dc9f7d2af3"}','4dce10e0bb7d484db8f303b7173cf533ac77da28afc6ec752bfe1bb8404c1a01','f4cc7ee7b864f658229c70e626d79c0f23753c43afc845e49cec00c4460c65c6');
INSERT INTO "audit_trail" VALUES(23,1800000000000,'node:clearing','job.confirm','job:job-38c74b4f1a5548a7bbe35f145ed8ac4b','clearing','MGT-8.2','trace-own.job.propose','204d959827a0ed6c50d0d5a728b7c76a12943ad88feccc6106a14d94fb1f8863','{"status":"APPROVED","audit":"audit-fa467908f7504bdaaa03d9e784f81af0","content":"aaeb39d1e66ef951a86bb338f63aaf34b9fb6cd1dac34c81879086d3726b4236"}','f4cc7ee7b864f658229c70e626d79c0f23753c43afc845e49cec00c4460c65c6','987d6b537e7e2554440cfc5e55f17004a8108b48f82f794c570b8e96eb9746c0');
INSERT INTO "audit_trail" VALUES(24,1800000000000,'person:ann','dataset.apply','dataset:operator-table','operator','MGT-4.3','trace-own.dataset.request','','{"status":"APPLIED","audit":"audit-62848b38b2dd4d8c8b704136881a46ee","content":"144ed7a4ca9c74a13bffc3e483528231c8fc403d6945a7bcbfa96142be86286b"}','987d6b537e7e2554440cfc5e55f17004a8108b48f82f794c570b8e96eb9746c0','cf27f605a48be3705bf25780e38cbf9245c653ea492040af59353d3e38493ee0');
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
INSERT INTO "audits" VALUES(1,'audit-934f7ae8349f4773bdf5ed131a333290','operator','DATASET','operator-table','APPLICANT','APPROVED','{"audit_id":"audit-934f7ae8349f4773bdf5ed131a333290","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","dataset_id":"operator-table"}','8525ca37a29fc171e9665f6e2266238561a62a7f7cbd828a6fd3d63aed133849','trace-own.dataset.request',1800000000000,1800000000000,'node:operator','');
INSERT INTO "audits" VALUES(2,'audit-42d35a35728e4ca68e9052517af32e25','operator','PROJECT','project-1','APPLICANT','APPROVED','{"audit_id":"audit-42d35a35728e4ca68e9052517af32e25","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","name":"p","project_id":"project-1"}','d438a7dd074b2ef7ca47c70c624063d798fb0611c86666cbfb50a2573b1986a2','trace-own.project.create',1800000000000,1800000000000,'node:operator','');
INSERT INTO "audits" VALUES(3,'audit-9b0b275ee6644c33821059e9446b8b4f','clearing','PROJECT','project-1','APPLICANT','APPROVED','{"audit_id":"audit-9b0b275ee6644c33821059e9446b8b4f","contract_id":"contract-6f9de8bf0efc428b986f8ca01ff1e821","name":"p","project_id":"project-1"}','ba03f46e995e3285551793955179cbd980a29d3521a2909082c455aa70fdf200','trace-own.project.create',1800000000000,1800000000000,'node:clearing','');
INSERT INTO "audits" VALUES(4,'audit-97fc0d81b13045298b8dd61333e8f8bf','operator','FLOW','flow-1','APPLICANT','APPROVED','{"audit_id":"audit-97fc0d81b13045298b8dd61333e8f8bf","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"flow_id":"flow-1","name":"f","project_id":"project-1"}','9dd63e50b27f2882a4de1596b9f77bf2e7bb2cf8ab31587f017d32ee36cc3c77','trace-own.flow.create',1800000000000,1800000000000,'node:operator','');
INSERT INTO "audits" VALUES(5,'audit-47fa71b21efb46b6a65f9d582a3c19bf','clearing','FLOW','flow-1','APPLICANT','APPROVED','{"audit_id":"audit-47fa71b21efb46b6a65f9d582a3c19bf","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"flow_id":"flow-1","name":"f","project_id":"project-1"}','92c12c046e0f803c818e2ecd8e6f99a26846ee16fdc5e09b4e6050ecf80efefc','trace-own.flow.create',1800000000000,1800000000000,'node:clearing','');
INSERT INTO "audits" VALUES(6,'audit-fa467908f7504bdaaa03d9e784f81af0','clearing','JOB','job-38c74b4f1a5548a7bbe35f145ed8ac4b','APPLICANT','APPROVED','{"audit_id":"audit-fa467908f7504bdaaa03d9e784f81af0","job_id":"job-38c74b4f1a5548a7bbe35f145ed8ac4b","flow_id":"flow-1","name":"job","project_id":"project-1","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"conf":{"version":"1.0","initiator":{"role":"guest","node_id":"bank"},"role":{"guest":["bank"],"host":["operator"]},"job_params":{"common":{"scheduler":"clearing"}},"task_params":{"common":{},"guest":{"0":{"psi-1":{"dataset_id":"bank-table"}}},"host":{"0":{"psi-1":{"dataset_id":"operator-table"}}}}}}','aaeb39d1e66ef951a86bb338f63aaf34b9fb6cd1dac34c81879086d3726b4236','trace-own.job.propose',1800000000000,1800000000000,'node:clearing','');
INSERT INTO "audits" VALUES(7,'audit-b73c3343262d4d5e95db550178039a24','operator','JOB','job-38c74b4f1a5548a7bbe35f145ed8ac4b','APPLICANT','APPROVED','{"audit_id":"audit-b73c3343262d4d5e95db550178039a24","job_id":"job-38c74b4f1a5548a7bbe35f145ed8ac4b","flow_id":"flow-1","name":"job","project_id":"project-1","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"conf":{"version":"1.0","initiator":{"role":"guest","node_id":"bank"},"role":{"guest":["bank"],"host":["operator"]},"job_params":{"common":{"scheduler":"clearing"}},"task_params":{"common":{},"guest":{"0":{"psi-1":{"dataset_id":"bank-table"}}},"host":{"0":{"psi-1":{"dataset_id":"operator-table"}}}}}}','9ba5048d14bcb5adcf65873db43bc5a1b7bc44816f08ab56a46c23dc9f7d2af3','trace-own.job.propose',1800000000000,1800000000000,'node:operator','');
INSERT INTO "audits" VALUES(8,'audit-62848b38b2dd4d8c8b704136881a46ee','operator','DATASET','operator-table','APPLICANT','APPLIED','{"audit_id":"audit-62848b38b2dd4d8c8b704136881a46ee","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","dataset_id":"operator-table"}','144ed7a4ca9c74a13bffc3e483528231c8fc403d6945a7bcbfa96142be86286b','trace-own.dataset.request',1800000000000,NULL,'','');
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
INSERT INTO "contracts" VALUES(1,'contract-b210770375e54b9a9717bb986e26ab39',0,'operator','inst-operator','Institute operator','Node operator','https://operator.example:7304','interconn','1.0','','APPLICANT','APPROVED','SHA256_RSA','-----BEGIN PUBLIC KEY-----
MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAy/4rfgaQeVrkCixaV1eO
Uw3vOI5KzLArt9ZYoLWb0TdGYqQnY3zaQKX0nC8ZWqqq5faiwqZICnUrlkMr5qU8
96fTWFV7y9Vg+B5BlUARtWggjVRXv01MbeJvu2thFicXaC6W6qZdGJNJ0g4gD6xj
hBL0Xy6J13XT7mkFB0ABc/DQRak8nTT9yEnQwLRhHfB8QuzfbNJHzTguC3Q6TdkU
LrJVEKr5jwsr8nlm1N8vCYyDhGpQCpMIyrLuW+rbX5ThGfIjSXcKWE0kbglYtd14
y8CcJssWesNqBagffNf/oWlPWi6XHhMJAD7J1o/R6QU8WsUYlKAdwJF7c98hwGkv
PqqDDDo4W1rUJ/ggpxEBWpIwYl+CGs1D0/HZreSlM4B/BYvvOqTbnvhUOqrCWQOH
UXndFaTmWYYB0JVtWXBGtOzyAdYTEH7N0K1k2vLumoy1A9lzAKxro/gNSgxaj9Au
h8PdGFblNo4flR9Ncxu2jirJ1iNdq/vvXW0xtW347WF1AgMBAAE=
-----END PUBLIC KEY-----
','bb1994c1429466003c3202eff7ffba0b1d89d502dbd3ddced80a2204e55b5d15','bb1994c1429466003c3202eff7ffba0b1d89d502dbd3ddced80a2204e55b5d15',1,1,NULL,'standard','','trace-own.peer.apply','',1800000000000,1800000000000);
INSERT INTO "contracts" VALUES(2,'contract-6f9de8bf0efc428b986f8ca01ff1e821',0,'clearing','inst-clearing','Institute clearing','Node clearing','https://clearing.example:7304','interconn','1.0','','APPLICANT','APPROVED','SHA256_ECDSA','-----BEGIN PUBLIC KEY-----
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
INSERT INTO "datasets" VALUES('bank-table','table',NULL,NULL,3,'["id"]','[]','[{"name":"id","data_type":"bigint","distribution":"CONTINUOUS"},{"name":"name","data_type":"varchar","distribution":"DISCRETE"},{"name":"age","data_type":"double","distribution":"CONTINUOUS"},{"name":"good","data_type":"boolean","distribution":"DISCRETE"}]','datasets','bank-table',0,'[]',1800000000000);
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
INSERT INTO "outbox" VALUES(1,'operator','contract.apply','{"address":"https://bank.example:7304","auth_credential":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEukxHr4hfvLFIiyHS32sb7tgP9+6m\nQUcw8+T/qkT9gWWdyioSzhVD1aKiDrXozZBHGIDNr5wbqYP7E6bx9Wfgww==\n-----END PUBLIC KEY-----\n","auth_type":"SHA256_ECDSA","inst_id":"inst-bank","institution":"Institute bank","name":"Node bank","node_id":"bank","system":"interconn","system_version":"1.0"}','','trace-own.peer.apply','pending-95864f00d9444eca85ec44fa431b7e72',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(2,'operator','node.query','{"node_id":"operator"}','','trace-own.peer.apply','contract-b210770375e54b9a9717bb986e26ab39',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(3,'clearing','contract.apply','{"address":"https://bank.example:7304","auth_credential":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEukxHr4hfvLFIiyHS32sb7tgP9+6m\nQUcw8+T/qkT9gWWdyioSzhVD1aKiDrXozZBHGIDNr5wbqYP7E6bx9Wfgww==\n-----END PUBLIC KEY-----\n","auth_type":"SHA256_ECDSA","inst_id":"inst-bank","institution":"Institute bank","name":"Node bank","node_id":"bank","system":"interconn","system_version":"1.0"}','','trace-own.peer.apply','pending-a3737eb8b9c04e8f927b9f1b0bf8144f',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(4,'clearing','node.query','{"node_id":"clearing"}','','trace-own.peer.apply','contract-6f9de8bf0efc428b986f8ca01ff1e821',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(5,'operator','dataset.apply','{"audit_id":"audit-934f7ae8349f4773bdf5ed131a333290","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","dataset_id":"operator-table"}','','trace-own.dataset.request','audit-934f7ae8349f4773bdf5ed131a333290',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(6,'operator','project.apply','{"audit_id":"audit-42d35a35728e4ca68e9052517af32e25","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","name":"p","project_id":"project-1"}','','trace-own.project.create','audit-42d35a35728e4ca68e9052517af32e25',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(7,'clearing','project.apply','{"audit_id":"audit-9b0b275ee6644c33821059e9446b8b4f","contract_id":"contract-6f9de8bf0efc428b986f8ca01ff1e821","name":"p","project_id":"project-1"}','','trace-own.project.create','audit-9b0b275ee6644c33821059e9446b8b4f',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(8,'operator','flow.apply','{"audit_id":"audit-97fc0d81b13045298b8dd61333e8f8bf","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"flow_id":"flow-1","name":"f","project_id":"project-1"}','','trace-own.flow.create','audit-97fc0d81b13045298b8dd61333e8f8bf',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(9,'clearing','flow.apply','{"audit_id":"audit-47fa71b21efb46b6a65f9d582a3c19bf","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"flow_id":"flow-1","name":"f","project_id":"project-1"}','','trace-own.flow.create','audit-47fa71b21efb46b6a65f9d582a3c19bf',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(10,'clearing','job.apply','{"audit_id":"audit-fa467908f7504bdaaa03d9e784f81af0","job_id":"job-38c74b4f1a5548a7bbe35f145ed8ac4b","flow_id":"flow-1","name":"job","project_id":"project-1","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"conf":{"version":"1.0","initiator":{"role":"guest","node_id":"bank"},"role":{"guest":["bank"],"host":["operator"]},"job_params":{"common":{"scheduler":"clearing"}},"task_params":{"common":{},"guest":{"0":{"psi-1":{"dataset_id":"bank-table"}}},"host":{"0":{"psi-1":{"dataset_id":"operator-table"}}}}}}','','trace-own.job.propose','audit-fa467908f7504bdaaa03d9e784f81af0',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(11,'operator','job.apply','{"audit_id":"audit-b73c3343262d4d5e95db550178039a24","job_id":"job-38c74b4f1a5548a7bbe35f145ed8ac4b","flow_id":"flow-1","name":"job","project_id":"project-1","dag":{"version":"1.0","components":[{"name":"psi-1","componentName":"psi","provider":"interconn","version":"1.0.0","input":[],"output":[{"type":"dataset","key":"aligned"}]}]},"conf":{"version":"1.0","initiator":{"role":"guest","node_id":"bank"},"role":{"guest":["bank"],"host":["operator"]},"job_params":{"common":{"scheduler":"clearing"}},"task_params":{"common":{},"guest":{"0":{"psi-1":{"dataset_id":"bank-table"}}},"host":{"0":{"psi-1":{"dataset_id":"operator-table"}}}}}}','','trace-own.job.propose','audit-b73c3343262d4d5e95db550178039a24',0,'DELIVERED',0,0,0,1800000000000,'');
INSERT INTO "outbox" VALUES(12,'operator','dataset.apply','{"audit_id":"audit-62848b38b2dd4d8c8b704136881a46ee","contract_id":"contract-b210770375e54b9a9717bb986e26ab39","dataset_id":"operator-table"}','','trace-own.dataset.request','audit-62848b38b2dd4d8c8b704136881a46ee',0,'DELIVERED',0,0,0,1800000000000,'');
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
INSERT INTO "permits" VALUES(1,'operator','inst-operator','xmUAuaKAEk-Tu3OnplvX-lX7VzdZL6jWAi0Fm64K1kE','DATASET','operator-table',1,NULL,NULL);
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
