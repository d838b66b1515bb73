SELECT
    bool_or(me.rolcreaterole OR me.rolsuper) AS may_create,
    coalesce(bool_or(pg_has_role(me.rolname, writer.oid, 'MEMBER')), false) AS is_member
FROM pg_roles AS me
LEFT JOIN pg_roles AS writer ON writer.rolname = %(writer)s
WHERE me.rolname = current_user
