-- Staff over the years: composite keys, enums, salaries partitioned by year.
CREATE TABLE employees (
  emp_no INT NOT NULL,
  birth_date DATE NOT NULL,
  first_name VARCHAR(14) NOT NULL,
  last_name VARCHAR(16) NOT NULL,
  gender ENUM('M','F') NOT NULL,
  hire_date DATE NOT NULL,
  full_name VARCHAR(31) GENERATED ALWAYS AS (concat(first_name,' ',last_name)) VIRTUAL,
  PRIMARY KEY (emp_no),
  KEY full_name (full_name)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
CREATE TABLE departments (
  dept_no CHAR(4) NOT NULL,
  dept_name VARCHAR(40) NOT NULL,
  PRIMARY KEY (dept_no),
  UNIQUE KEY (dept_name)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
CREATE TABLE dept_emp (
  emp_no INT NOT NULL,
  dept_no CHAR(4) NOT NULL,
  from_date DATE NOT NULL,
  to_date DATE NOT NULL,
  KEY (emp_no),
  FOREIGN KEY (emp_no) REFERENCES employees (emp_no) ON DELETE CASCADE,
  FOREIGN KEY (dept_no) REFERENCES departments (dept_no) ON DELETE CASCADE,
  PRIMARY KEY (emp_no,dept_no)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
CREATE TABLE titles (
  emp_no INT NOT NULL,
  title VARCHAR(50) NOT NULL,
  from_date DATE NOT NULL,
  to_date DATE,
  FOREIGN KEY (emp_no) REFERENCES employees (emp_no) ON DELETE CASCADE,
  PRIMARY KEY (emp_no,title,from_date)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
CREATE TABLE salaries (
  emp_no INT NOT NULL,
  salary INT NOT NULL,
  from_date DATE NOT NULL,
  to_date DATE NOT NULL,
  PRIMARY KEY (emp_no,from_date)
) ENGINE=InnoDB DEFAULT CHARSET=latin1
PARTITION BY RANGE COLUMNS(from_date) (
  PARTITION p01 VALUES LESS THAN ('1990-12-31'),
  PARTITION p02 VALUES LESS THAN ('2000-12-31') COMMENT 'the nineties',
  PARTITION p03 VALUES LESS THAN (MAXVALUE));
