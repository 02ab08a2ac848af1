CREATE VIEW a AS SELECT 1;
-- expect 1:8 definition-not-create-table
