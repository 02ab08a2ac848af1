CREATE TABLE a (id int)
  ENGINE=FEDERATED
  CONNECTION='mysql://u@h/d/t'
  DATA DIRECTORY='/tmp'
  INDEX DIRECTORY = '/tmp';
-- expect 2:3 definition-engine
-- expect 3:3 definition-elsewhere
-- expect 4:3 definition-elsewhere
-- expect 5:3 definition-elsewhere
