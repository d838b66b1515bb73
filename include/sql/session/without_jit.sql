-- Compiling takes a second, and helps only queries that take many
SELECT set_config('jit', 'off', false)
