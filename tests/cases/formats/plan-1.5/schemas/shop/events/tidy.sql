-- It begins when its server is given it.
CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY
DO DELETE FROM users WHERE id < 0 AND name = '';
