CREATE SQL SECURITY INVOKER VIEW buyers AS
  SELECT u.id, u.email, o.id AS order_id FROM users AS u JOIN orders AS o ON o.user_id = u.id;
