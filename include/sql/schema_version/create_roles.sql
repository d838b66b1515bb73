DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reco_writer') THEN
        CREATE ROLE reco_writer;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reco_analyst') THEN
        CREATE ROLE reco_analyst;
    END IF;
    EXECUTE format('GRANT reco_writer TO %I', current_user);
END
$$
